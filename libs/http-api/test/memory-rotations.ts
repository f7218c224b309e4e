import type { WriteContext } from '@banyan/acl';
import { type PlanAnswer, type PreviewAnswer, RotationDesk } from '@banyan/http-api';
import { BanyanError, type JsonValue, stateIndex } from '@banyan/kernel';
import {
  type Confirmation,
  DEFAULT_POLICY,
  type IndexedRotation,
  next,
  planHash,
  type Rotation,
  type RotationAct,
  type RotationPlan,
  RotationReader,
  type RotationRequest,
  type TaintRequest,
  toWirePlan,
  toWirePreview,
} from '@banyan/rotation';
import type { MemoryCommits } from '@banyan/testkit';

const T0 = Date.UTC(2031, 0, 1);

const planOf = (request: RotationRequest | TaintRequest): RotationPlan => ({
  intent: {
    kind: 'rootId' in request ? 'taint' : 'rotate',
    reason: 'rootId' in request ? 'compromise' : 'planned',
    provider: 'consul',
    options: {},
    crossSign: 'crossSign' in request && request.crossSign,
    rootId: 'rootId' in request ? request.rootId : 'R1',
  },
  policy: request.policy,
  datacenters: [
    {
      datacenter: 'dc1',
      reported: true,
      agents: { live: 1, offline: 1 },
      workloads: 3,
      signatures: 4,
      perSecond: 50,
      seconds: 1,
    },
  ],
  totals: { datacenters: 1, agents: 2, offlineAgents: 1, workloads: 3, signatures: 6, estimatedSeconds: 1 },
  growth: { bundleBytes: 563, chainBytes: 563 },
  blockers: [{ datacenter: 'dc1', node: 'n2', reason: 'offline', detail: 'offline since yesterday' }],
  blockerCount: 1,
});

/** Rotations in memory, behind both ports, moved by the room's own machine; keeps what it was asked. */
export class MemoryRotations implements RotationReader, RotationDesk {
  readonly asked: { readonly what: string; readonly accessorId: string; readonly request: unknown }[] = [];
  readonly #shown = new Map<string, IndexedRotation>();
  readonly #stored = new Map<string, Rotation>();

  constructor(private readonly commits: MemoryCommits) {}

  list(): readonly IndexedRotation[] {
    return [...this.#shown.values()].toReversed();
  }

  find(id: string): IndexedRotation | undefined {
    return this.#shown.get(id);
  }

  plan({ accessorId }: WriteContext, request: RotationRequest): Promise<PlanAnswer> {
    this.asked.push({ what: 'plan', accessorId, request });
    return Promise.resolve(answerOf(request));
  }

  planTaint({ accessorId }: WriteContext, request: TaintRequest): Promise<PlanAnswer> {
    this.asked.push({ what: 'planTaint', accessorId, request });
    return Promise.resolve(answerOf(request));
  }

  start(context: WriteContext, request: RotationRequest, confirmation: Confirmation): Promise<string> {
    return this.#begin('start', context, { request, confirmation });
  }

  taint(context: WriteContext, request: TaintRequest, confirmation: Confirmation): Promise<string> {
    return this.#begin('taint', context, { request, confirmation });
  }

  preview({ accessorId }: WriteContext, id: string, act: RotationAct): Promise<PreviewAnswer> {
    this.asked.push({ what: 'preview', accessorId, request: act });
    const stored = this.#stored.get(id);
    if (stored === undefined) throw new BanyanError('ROTATION_NOT_FOUND', `there is no rotation ${id}`);
    const breaks = [{ datacenter: 'dc2', node: 'n1', reason: 'offline', detail: 'since yesterday' }] as const;
    const effect = [`${act.verb} in phase ${stored.phase}`];
    return Promise.resolve(toWirePreview({ effect, breaks, breakCount: 1, hash: `${act.verb}-hash` }));
  }

  async act({ accessorId }: WriteContext, id: string, act: RotationAct): Promise<string> {
    this.asked.push({ what: 'act', accessorId, request: act });
    const stored = this.#stored.get(id);
    if (stored === undefined) throw new BanyanError('ROTATION_NOT_FOUND', `there is no rotation ${id}`);
    const look = { datacenters: [], activeRootId: 'R1', earlier: [], later: [] };
    const { verb, planHash: quoted, ...rest } = act;
    if (quoted !== undefined && quoted !== `${verb}-hash`) {
      throw new BanyanError('ROTATION_PLAN_STALE', 'the effect changed');
    }
    const outcome = next(stored, { kind: verb, at: T0, by: accessorId, look, ...rest } as never);
    if (outcome.kind === 'illegal') throw new BanyanError('ROTATION_STEP_ILLEGAL', outcome.reason);
    return this.#commit(outcome.rotation);
  }

  #begin(
    what: string,
    { accessorId }: WriteContext,
    {
      request,
      confirmation,
    }: { readonly request: RotationRequest | TaintRequest; readonly confirmation: Confirmation },
  ): Promise<string> {
    this.asked.push({ what, accessorId, request });
    const { PlanHash: hash } = answerOf(request);
    if (confirmation === 'unplanned' || confirmation.planHash !== hash) {
      throw new BanyanError('ROTATION_PLAN_STALE', `at present it is ${hash}`);
    }
    const plan = planOf(request);
    return this.#commit({
      id: `00000000-0000-4000-8000-${String(this.#stored.size + 1).padStart(12, '0')}`,
      scope: 'root',
      reason: plan.intent.reason,
      note: request.note,
      requester: accessorId,
      order: { provider: 'consul', options: {}, crossSign: plan.intent.crossSign },
      crossSigned: false,
      plan,
      planHash: hash,
      phase: 'prepare',
      health: 'running',
      datacenters: [],
      gates: {},
      shadowWatch: {},
      waivers: [],
      journal: [],
      journalDropped: 0,
      policy: { ...DEFAULT_POLICY, ...request.policy },
      revision: 1,
      createdAt: T0,
      startedAt: { prepare: T0 },
    });
  }

  /** Resolves when it can be read, as the port promises. */
  #commit(rotation: Rotation): Promise<string> {
    this.#stored.set(rotation.id, rotation);
    return new Promise((resolve) => {
      this.commits.commit({ topic: 'rotation', key: rotation.id, body: rotation as unknown as JsonValue }, (index) => {
        const createIndex = this.#shown.get(rotation.id)?.createIndex ?? stateIndex(index);
        this.#shown.set(rotation.id, { rotation, createIndex, modifyIndex: index });
        resolve(rotation.id);
      });
    });
  }
}

const answerOf = (request: RotationRequest | TaintRequest): PlanAnswer => {
  const plan = planOf(request);
  return { Plan: toWirePlan(plan), PlanHash: planHash(plan) };
};
