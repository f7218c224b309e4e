import type { WriteContext } from '@banyan/acl';
import type {
  Confirmation,
  RotationAct,
  RotationRequest,
  TaintRequest,
  toWirePlan,
  toWirePreview,
} from '@banyan/rotation';

/** A plan as it is answered, and the hash that confirms it. */
export interface PlanAnswer {
  readonly Plan: ReturnType<typeof toWirePlan>;
  readonly PlanHash: string;
}

/** What a step would do, as it is answered. */
export type PreviewAnswer = ReturnType<typeof toWirePreview>;

/** Where rotations are asked for: the engine in the primary, over the WAN in a secondary. Throws `ROTATION_*`, `CA_*`. */
export abstract class RotationDesk {
  abstract plan(context: WriteContext, request: RotationRequest): Promise<PlanAnswer>;
  abstract planTaint(context: WriteContext, request: TaintRequest): Promise<PlanAnswer>;
  /** Resolves with the rotation's ID when it can be read here; so do the following. */
  abstract start(context: WriteContext, request: RotationRequest, confirmation: Confirmation): Promise<string>;
  abstract taint(context: WriteContext, request: TaintRequest, confirmation: Confirmation): Promise<string>;
  /** What the step would do; changes nothing. */
  abstract preview(context: WriteContext, id: string, act: RotationAct): Promise<PreviewAnswer>;
  abstract act(context: WriteContext, id: string, act: RotationAct): Promise<string>;
}
