import { after, BanyanError, type Clock, type EpochMs, type Logger, type Random } from '@banyan/kernel';
import type { Fence, KeyEncryption, Store } from '@banyan/store';
import type { ChangeFollower } from '@banyan/watch';
import { beginDropping, beginRotation } from '../domain/begin.js';
import { requireNoneMoving, requireRoomForRoot } from '../domain/concurrency.js';
import type { Look, RotationEvent } from '../domain/event.js';
import { keyOf } from '../domain/key-scope.js';
import { isFinished } from '../domain/phase.js';
import type { RotationPlan } from '../domain/plan.js';
import type { Confirmation, RotationAct, RotationContext, RotationRequest, TaintRequest } from '../domain/request.js';
import { type Rotation, rootsOf } from '../domain/rotation.js';
import { previewStep, type StepEvent, type StepPreview } from '../domain/step-preview.js';
import type { AdoptionEvidence, DatacenterEvidence } from '../ports/adoption-evidence.js';
import type { DeniedKeys } from '../ports/denied-keys.js';
import type { PresentAuthority } from '../ports/present-authority.js';
import type { RootSteps } from '../ports/root-steps.js';
import { RotationCommits } from './rotation-commits.js';
import { type Planned, requireConfirmed, requireSameEffect, RotationPlanner } from './rotation-planner.js';
import { RotationStepper } from './rotation-stepper.js';
import { sealOrder } from './sealed-order.js';
import { UnrotatedRoots } from './unrotated-roots.js';

/** What {@link RotationEngine} needs. */
export interface RotationEngineOptions {
  /** The primary's own name. */
  readonly datacenter: string;
  readonly store: Store;
  readonly follower: ChangeFollower;
  readonly keys: KeyEncryption;
  readonly steps: RootSteps;
  readonly denied: DeniedKeys;
  readonly evidence: AdoptionEvidence;
  readonly present: PresentAuthority;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A plan with the hash that confirms it. */
export interface NamedPlan {
  readonly plan: RotationPlan;
  readonly hash: string;
}

/** What follows from a taint: the record of who drops the root. */
interface Taint {
  readonly planned: Planned;
  readonly request: TaintRequest;
  readonly by: string;
  readonly at: EpochMs;
}

/**
 * Rotations of the root, in the primary. Plans, starts and acts on any replica, guarded by the rows; `step` is for the one
 * with the lease. Every answer is in this server's memory before it is given.
 */
export class RotationEngine {
  readonly #planner: RotationPlanner;
  readonly #commits: RotationCommits;
  readonly #stepper: RotationStepper;
  readonly #unrotated: UnrotatedRoots;

  constructor(private readonly options: RotationEngineOptions) {
    this.#planner = new RotationPlanner(options);
    this.#commits = new RotationCommits(options);
    this.#stepper = new RotationStepper({ ...options, commits: this.#commits });
    this.#unrotated = new UnrotatedRoots({ ...options, commits: this.#commits, planner: this.#planner });
  }

  /** What a rotation would touch, need and meet. Changes nothing. Throws `CA_CONFIG_INVALID`, `CA_PROVIDER_UNKNOWN`. */
  async plan(request: RotationRequest): Promise<NamedPlan> {
    const { datacenter } = request;
    if (datacenter !== undefined) return named(await this.#planner.rotateKey({ ...request, datacenter }));
    return named(await this.#planner.rotate(request));
  }

  /** What will break when the root is dropped. Changes nothing. Throws `REQUEST_INVALID` (nobody knows it). */
  async planTaint(request: TaintRequest): Promise<NamedPlan> {
    return named(await this.#plannedTaint(request));
  }

  /**
   * Starts a rotation as planned; nothing is made before it is persisted. Throws `ROTATION_PLAN_STALE`,
   * `ROTATION_IN_PROGRESS`, `PROVIDER_CANNOT_CROSS_SIGN`, `PROVIDER_REFUSED`, and what `plan` throws.
   */
  async start(request: RotationRequest, confirmation: Confirmation, context: RotationContext): Promise<Rotation> {
    const { datacenter } = request;
    if (datacenter !== undefined) return this.#startKey({ ...request, datacenter }, confirmation, context);
    const planned = await this.#planner.rotate(request);
    requireConfirmed(planned, confirmation);
    const unvouched = planned.plan.blockers.find(({ reason }) => reason === 'no-cross-sign');
    if (unvouched !== undefined) {
      const remedy = 'set ForceWithoutCrossSigning to rotate without, and wait for everybody';
      throw new BanyanError('PROVIDER_CANNOT_CROSS_SIGN', `${unvouched.detail}; ${remedy}`);
    }
    const fault = planned.plan.blockers.find(({ reason }) => reason === 'provider');
    if (fault !== undefined) throw new BanyanError('PROVIDER_REFUSED', `the provider was tried: ${fault.detail}`);
    return this.#commits.begin((tx, unfinished) => {
      requireNoneMoving(unfinished);
      requireRoomForRoot(unfinished);
      const begun = this.#record(planned, { note: request.note, by: context.accessorId });
      this.#commits.insert(tx, begun, sealOrder(this.options.keys, begun.id, planned.options));
      return Promise.resolve({ begun, changes: [] });
    });
  }

  /** A compromised key may always be replaced; one that is being replaced already is denied at the end of that. */
  async #startKey(
    request: RotationRequest & { readonly datacenter: string },
    confirmation: Confirmation,
    { accessorId: by }: RotationContext,
  ): Promise<Rotation> {
    const planned = await this.#planner.rotateKey(request);
    requireConfirmed(planned, confirmation);
    const compromised = request.compromised === true;
    return this.#commits.begin(async (tx, unfinished) => {
      const present = unfinished.find((rotation) => keyOf(rotation)?.datacenter === request.datacenter);
      if (compromised && present !== undefined && keyOf(present)?.keyId === planned.plan.intent.key?.keyId) {
        const at = this.options.clock.now();
        const deadlineAt = after(at, request.policy.deadlineMs);
        const event: RotationEvent = { kind: 'taint', at, by, deadlineAt, reason: request.note };
        const change = await this.#commits.apply(tx, present, { event });
        return { begun: change.after, changes: [change] };
      }
      requireNoneMoving(compromised ? unfinished.filter((each) => each === present) : unfinished);
      const begun = this.#record(planned, { note: request.note, by });
      this.#commits.insert(tx, begun, null);
      return { begun, changes: [] };
    });
  }

  /**
   * Takes a compromised root out of every bundle by the deadline. May always start. The active one gets a successor that it
   * does not vouch for; one that leaves or was to come leaves sooner. Throws `ROTATION_PLAN_STALE`, `ROTATION_IN_PROGRESS`
   * (it is being replaced already), `REQUEST_INVALID` (nobody knows it), `DENIED_KEYS_FULL` (it has left, only its key can be denied).
   */
  async taint(request: TaintRequest, confirmation: Confirmation, context: RotationContext): Promise<Rotation> {
    const planned = await this.#plannedTaint(request);
    requireConfirmed(planned, confirmation);
    const taint: Taint = { planned, request, by: context.accessorId, at: this.options.clock.now() };
    return request.rootId === this.options.steps.activeRootId() ? this.#replaceActive(taint) : this.#dropSooner(taint);
  }

  /**
   * A person's step. Throws `ROTATION_NOT_FOUND`, `ROTATION_STEP_ILLEGAL`, `DATACENTER_UNKNOWN`, `CONFLICT`, and
   * `ROTATION_PLAN_STALE` when a preview's hash is quoted and its effect is no longer that.
   */
  async act(id: string, act: RotationAct, context: RotationContext): Promise<Rotation> {
    const step = await this.#stepBy(act, context);
    return this.#commits.change(id, (stored, neighbours) => {
      const { event, look } = step(stored, neighbours);
      if (act.planHash !== undefined) requireSameEffect(previewStep(stored, event, look), act.planHash);
      return event;
    });
  }

  /** What a person's step would do, and who would break. Changes nothing. Throws what `act` throws. */
  async preview(id: string, act: RotationAct, context: RotationContext): Promise<StepPreview> {
    const step = await this.#stepBy(act, context);
    const { rotation, neighbours } = await this.#commits.stored(id);
    const { event, look } = step(rotation, neighbours);
    return previewStep(rotation, event, look);
  }

  /** The step under what is seen now, once the rotation's neighbours are known. */
  async #stepBy(act: RotationAct, { accessorId }: RotationContext) {
    const { evidence, steps, denied, clock } = this.options;
    const datacenters = await evidence.datacenters();
    const activeRootId = steps.activeRootId();
    return (
      rotation: Rotation,
      neighbours: Pick<Look, 'earlier' | 'later'>,
    ): { readonly event: StepEvent; readonly look: Look } => {
      requireDatacenter(act, datacenters);
      const key = keyOf(rotation);
      const deniedKeysFull = key !== undefined && !denied.hasRoomFor(key.keyFingerprint);
      const look: Look = { datacenters, activeRootId, deniedKeysFull, ...neighbours };
      return { event: eventOf(act, { at: clock.now(), by: accessorId, look }), look };
    };
  }

  /**
   * Moves every unfinished rotation as far as the evidence goes, and says when to look again. Resumes from whatever is
   * persisted, and begins the end of roots of which no rotation knows. Throws `LEASE_LOST`, `STORE_UNREACHABLE`, and what
   * the provider of a next root throws unexpectedly.
   */
  async step(fence: Fence, signal: AbortSignal): Promise<EpochMs> {
    const maybe = await this.#unrotated.adopt(fence);
    const again = await this.#stepper.step(fence, signal);
    return maybe === undefined || again < maybe ? again : maybe;
  }

  /** A plan for a root that nobody holds would be a plan of something else: of a typing error. */
  async #plannedTaint(request: TaintRequest): Promise<Planned> {
    const planned = await this.#planner.taint(request);
    const { rootId, rootPem } = request;
    const isKnown =
      rootPem !== undefined ||
      rootId === this.options.steps.activeRootId() ||
      this.options.present.remembers(rootId) ||
      planned.datacenters.some(({ adoption }) => adoption?.bundle.includes(rootId)) ||
      (await this.#commits.unfinished()).some((rotation) => concerns(rotation, rootId));
    if (isKnown) return planned;
    throw new BanyanError(
      'REQUEST_INVALID',
      `root ${rootId} is in no bundle and in no record: GET /v1/connect/ca/roots lists the roots with their IDs; ` +
        'of one that has left give the certificate, as RootPEM',
    );
  }

  #replaceActive({ planned, request, by, at }: Taint): Promise<Rotation> {
    return this.#commits.begin(async (tx, unfinished) => {
      const replacing = unfinished.find(({ plan }) => isReplacing(plan, request.rootId));
      if (replacing !== undefined) {
        throw new BanyanError(
          'ROTATION_IN_PROGRESS',
          `rotation ${replacing.id} replaces root ${request.rootId} already; it is in phase ${replacing.phase}`,
          { fields: { rotation: replacing.id } },
        );
      }
      const begun = this.#record(planned, { note: request.note, by });
      const changes = [];
      for (const other of unfinished) {
        const event: RotationEvent = { kind: 'take-over', at, by, rotationId: begun.id };
        changes.push(await this.#commits.apply(tx, other, { event }));
      }
      this.#commits.insert(tx, begun, sealOrder(this.options.keys, begun.id, planned.options));
      return { begun, changes };
    });
  }

  #dropSooner({ planned, request, by, at }: Taint): Promise<Rotation> {
    return this.#commits.begin(async (tx, unfinished) => {
      const { rootId, rootPem } = request;
      const brought = rootPem !== undefined && { certificatePem: rootPem };
      await this.options.steps.apply(tx, { kind: 'taint', rootId, ...brought });
      const concerned = unfinished.find((rotation) => concerns(rotation, request.rootId));
      if (concerned !== undefined) {
        const deadlineAt = (at + request.policy.deadlineMs) as EpochMs;
        const event: RotationEvent = { kind: 'taint', at, by, deadlineAt, reason: request.note };
        const change = await this.#commits.apply(tx, concerned, { event });
        return { begun: change.after, changes: [change] };
      }
      const begun = beginDropping(this.#beginning(planned, { note: request.note, by }), {
        rootId: this.options.steps.activeRootId(),
        previousRootId: request.rootId,
      });
      this.#commits.insert(tx, begun, null);
      return { begun, changes: [] };
    });
  }

  #record(planned: Planned, order: { readonly note: string; readonly by: string }): Rotation {
    return beginRotation(this.#beginning(planned, order));
  }

  #beginning({ plan, hash }: Planned, { note, by }: { readonly note: string; readonly by: string }) {
    const { random, clock } = this.options;
    return { id: random.uuid(), plan, planHash: hash, note, requester: by, at: clock.now() };
  }
}

const named = ({ plan, hash }: Planned): NamedPlan => ({ plan, hash });

const isReplacing = ({ intent }: RotationPlan, rootId: string): boolean =>
  intent.kind === 'taint' && intent.key === undefined && intent.rootId === rootId;

/** It drops the root sooner or later, or was to make it active. */
const concerns = (rotation: Rotation, rootId: string): boolean => {
  if (rotation.rootId === undefined || isFinished(rotation.phase)) return false;
  const { staying, leaving } = rootsOf(rotation);
  return leaving === rootId || (rotation.phase === 'distribute' && staying === rootId);
};

/** Only who could be waited for can be waived. */
const requireDatacenter = (act: RotationAct, datacenters: readonly DatacenterEvidence[]): void => {
  if (act.verb !== 'waive' || datacenters.some(({ datacenter }) => datacenter === act.datacenter)) return;
  const names = datacenters.map(({ datacenter }) => datacenter).join(', ');
  throw new BanyanError('DATACENTER_UNKNOWN', `no datacenter has the name ${act.datacenter}, only ${names}`);
};

const eventOf = (
  act: RotationAct,
  at: { readonly at: EpochMs; readonly by: string; readonly look: Look },
): StepEvent => {
  if (act.verb === 'waive') {
    const { datacenter, node, reason } = act;
    return { kind: 'waive', at: at.at, by: at.by, datacenter, ...(node !== undefined && { node }), reason };
  }
  return { kind: act.verb, ...at, ...(act.reason !== undefined && { reason: act.reason }) };
};
