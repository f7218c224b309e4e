import type { WriteContext } from '@banyan/acl';
import { type PlanAnswer, type PreviewAnswer, RotationDesk } from '@banyan/http-api';
import {
  type Confirmation,
  type NamedPlan,
  type Rotation,
  type RotationAct,
  type RotationEngine,
  type RotationRequest,
  type TaintRequest,
  toWirePlan,
  toWirePreview,
} from '@banyan/rotation';
import type { RotationTask } from './rotation-task.js';

/** Rotations are asked for at the engine beside us. */
export class PrimaryRotationDesk extends RotationDesk {
  constructor(
    private readonly engine: RotationEngine,
    private readonly task: Pick<RotationTask, 'wake'>,
  ) {
    super();
  }

  override async plan(_context: WriteContext, request: RotationRequest): Promise<PlanAnswer> {
    return answered(await this.engine.plan(request));
  }

  override async planTaint(_context: WriteContext, request: TaintRequest): Promise<PlanAnswer> {
    return answered(await this.engine.planTaint(request));
  }

  override start(context: WriteContext, request: RotationRequest, confirmation: Confirmation): Promise<string> {
    return this.#moved(this.engine.start(request, confirmation, context));
  }

  override taint(context: WriteContext, request: TaintRequest, confirmation: Confirmation): Promise<string> {
    return this.#moved(this.engine.taint(request, confirmation, context));
  }

  override async preview(context: WriteContext, id: string, act: RotationAct): Promise<PreviewAnswer> {
    return toWirePreview(await this.engine.preview(id, act, context));
  }

  override act(context: WriteContext, id: string, act: RotationAct): Promise<string> {
    return this.#moved(this.engine.act(id, act, context));
  }

  async #moved(change: Promise<Rotation>): Promise<string> {
    const { id } = await change;
    this.task.wake();
    return id;
  }
}

const answered = ({ plan, hash }: NamedPlan): PlanAnswer => ({ Plan: toWirePlan(plan), PlanHash: hash });
