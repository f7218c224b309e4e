import type { WriteContext } from '@banyan/acl';
import { type PlanAnswer, type PreviewAnswer, RotationDesk } from '@banyan/http-api';
import {
  type Confirmation,
  type RotationAct,
  type RotationRequest,
  type TaintRequest,
  toWireAct,
  toWireRequest,
  toWireTaint,
} from '@banyan/rotation';
import { z } from 'zod';
import { readPrimaryAnswer } from './primary-answer.js';
import type { PrimaryWrites } from './wan-writers.js';

const TAINT = '/v1/connect/ca/taint';
const PATH = '/v1/connect/ca/rotations';
const planAnswer = z.object({
  Plan: z.custom<PlanAnswer['Plan']>((plan) => typeof plan === 'object'),
  PlanHash: z.string(),
});
const previewAnswer = z.object({
  Effect: z.array(z.string()),
  Breaks: z.array(z.custom<PreviewAnswer['Breaks'][number]>((blocker) => typeof blocker === 'object')),
  BreakCount: z.number(),
  PlanHash: z.string(),
});
const begun = z.object({ ID: z.uuid() });

/** Rotations are asked for in the primary, on behalf of the caller; the records come back through the change feed. */
export class WanRotationDesk extends RotationDesk {
  constructor(private readonly writes: PrimaryWrites) {
    super();
  }

  override plan(context: WriteContext, request: RotationRequest): Promise<PlanAnswer> {
    return this.#planned(context, PATH, toWireRequest(request, { dryRun: true }));
  }

  override planTaint(context: WriteContext, request: TaintRequest): Promise<PlanAnswer> {
    return this.#planned(context, TAINT, toWireTaint(request, { dryRun: true }));
  }

  override start(context: WriteContext, request: RotationRequest, confirmation: Confirmation): Promise<string> {
    return this.#begun(context, PATH, toWireRequest(request, intentOf(confirmation)));
  }

  override taint(context: WriteContext, request: TaintRequest, confirmation: Confirmation): Promise<string> {
    return this.#begun(context, TAINT, toWireTaint(request, intentOf(confirmation)));
  }

  override async preview({ token }: WriteContext, id: string, act: RotationAct): Promise<PreviewAnswer> {
    const { text } = await this.writes.send({
      method: 'PUT',
      path: pathOf(id, act),
      body: toWireAct(act, true),
      token,
    });
    return readPrimaryAnswer(previewAnswer, text);
  }

  override async act({ token }: WriteContext, id: string, act: RotationAct): Promise<string> {
    await this.writes.send({ method: 'PUT', path: pathOf(id, act), body: toWireAct(act, false), token });
    return id;
  }

  async #planned({ token }: WriteContext, path: string, body: object): Promise<PlanAnswer> {
    const { text } = await this.writes.send({ method: 'POST', path, body, token });
    return readPrimaryAnswer(planAnswer, text);
  }

  async #begun({ token }: WriteContext, path: string, body: object): Promise<string> {
    const { text } = await this.writes.send({ method: 'POST', path, body, token });
    return readPrimaryAnswer(begun, text).ID;
  }
}

const pathOf = (id: string, { verb }: RotationAct): string => `${PATH}/${encodeURIComponent(id)}/${verb}`;

/** A confirmation over the WAN always quotes what was quoted here; the primary decides. */
const intentOf = (confirmation: Confirmation) => ({
  dryRun: false as const,
  planHash: confirmation === 'unplanned' ? undefined : confirmation.planHash,
});
