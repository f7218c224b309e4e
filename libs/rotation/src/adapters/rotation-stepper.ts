import {
  after,
  BanyanError,
  type Clock,
  type EpochMs,
  epochMs,
  type ErrorCode,
  isBanyanError,
  messageOf,
  SECOND,
} from '@banyan/kernel';
import type { Fence, KeyEncryption, Store } from '@banyan/store';
import { inSpan } from '@banyan/telemetry';
import type { DatacenterEvidence, AdoptionEvidence } from '../ports/adoption-evidence.js';
import type { DeniedKeys } from '../ports/denied-keys.js';
import type { MadeRoot, RootSteps } from '../ports/root-steps.js';
import { keyOf } from '../domain/key-scope.js';
import { isFinished, isMoving } from '../domain/phase.js';
import type { Rotation } from '../domain/rotation.js';
import type { RotationCommits } from './rotation-commits.js';
import { openOrder } from './sealed-order.js';

/** What {@link RotationStepper} needs. */
export interface StepperParts {
  /** The primary's own name. */
  readonly datacenter: string;
  readonly store: Store;
  readonly keys: KeyEncryption;
  readonly commits: RotationCommits;
  readonly steps: RootSteps;
  readonly evidence: AdoptionEvidence;
  readonly denied: DeniedKeys;
  readonly clock: Clock;
}

/** Between looks while leaves move: datacenters report every few seconds. */
const MOVING_LOOK_MS = SECOND;
/** Between looks while only the end of a root is waited for. */
const WAITING_LOOK_MS = 5 * SECOND;
/** Without a rotation: whoever starts one wakes the caller. */
const IDLE_LOOK_MS = 30 * SECOND;
/** A phase that is over at once leads to the next one in the same step; six phases follow each other at most. */
const MOST_HOPS = 8;

/** The provider is away, and making the root is tried again. */
const TRANSIENT: readonly ErrorCode[] = ['PROVIDER_UNREACHABLE', 'TIMEOUT'];
/** Nothing is wrong with the order: the caller of the step tries again. */
const NOT_THE_ORDERS_FAULT: readonly ErrorCode[] = [
  'ABORTED',
  'CONFLICT',
  'CA_CONFLICT',
  'CA_UNINITIALIZED',
  'LEASE_LOST',
  'STORE_UNREACHABLE',
  'INTERNAL',
];

/** Moves every unfinished rotation as far as the evidence goes. One server does it, the one with the lease. */
export class RotationStepper {
  constructor(private readonly parts: StepperParts) {}

  /** One look for every unfinished rotation, oldest first. One that fails does not keep the others from their step. */
  async step(fence: Fence, signal: AbortSignal): Promise<EpochMs> {
    const { commits, clock } = this.parts;
    const failures: unknown[] = [];
    const moments: number[] = [];
    for (const rotation of await commits.unfinished()) {
      signal.throwIfAborted();
      try {
        const stepped = await this.#stepOne(rotation, fence, signal);
        if (!isFinished(stepped.phase)) moments.push(lookAgainAt(stepped, clock.now()));
      } catch (error) {
        // Somebody acted on it meanwhile: what was seen is looked at again, in its next state.
        if (isBanyanError(error, 'CONFLICT')) moments.push(after(clock.now(), MOVING_LOOK_MS));
        else failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    return epochMs(Math.min(after(clock.now(), IDLE_LOOK_MS), ...moments));
  }

  #stepOne(rotation: Rotation, fence: Fence, signal: AbortSignal): Promise<Rotation> {
    const attributes = { 'banyan.rotation': rotation.id, 'banyan.phase': rotation.phase };
    return inSpan({ name: 'rotation.step', attributes }, () => this.#stepInPhase(rotation, fence, signal));
  }

  async #stepInPhase(rotation: Rotation, fence: Fence, signal: AbortSignal): Promise<Rotation> {
    let current = rotation;
    for (let hop = 0; hop < MOST_HOPS && !isFinished(current.phase); hop += 1) {
      const { phase } = current;
      const makesRoot = phase === 'prepare' && keyOf(current) === undefined;
      current = makesRoot ? await this.#prepare(current, fence, signal) : await this.#look(current, fence);
      if (current.phase === phase) break;
    }
    return current;
  }

  async #look(rotation: Rotation, fence: Fence): Promise<Rotation> {
    const { commits, steps, evidence, denied, clock } = this.parts;
    const datacenters: readonly DatacenterEvidence[] = await evidence.datacenters();
    const activeRootId = steps.activeRootId();
    const key = keyOf(rotation);
    const deniedKeysFull = key !== undefined && !denied.hasRoomFor(key.keyFingerprint);
    return commits.change(
      rotation.id,
      (_stored, neighbours) => ({
        kind: 'evidence',
        at: clock.now(),
        look: { datacenters, activeRootId, deniedKeysFull, ...neighbours },
      }),
      { fence, revision: rotation.revision },
    );
  }

  /** Makes the root outside of any transaction; it is published with the record, or it never was. */
  async #prepare(rotation: Rotation, fence: Fence, signal: AbortSignal): Promise<Rotation> {
    if (rotation.health === 'paused') return rotation;
    const { commits, clock, datacenter } = this.parts;
    const outcome = await this.#make(rotation, signal);
    if (outcome instanceof BanyanError) {
      const reason = outcome.message.slice(0, 1_000);
      const { code } = outcome;
      const at = clock.now();
      const transient = TRANSIENT.includes(code);
      return commits.change(
        rotation.id,
        () =>
          transient
            ? { kind: 'prepare-delayed', at, datacenter, reason: `${code}: ${reason}` }
            : { kind: 'prepare-failed', at, code, reason },
        { fence, revision: rotation.revision },
      );
    }
    const { rootId, previousRootId, crossSigned, bundleBytes, chainBytes } = outcome;
    return commits.change(
      rotation.id,
      () => ({ kind: 'prepared', at: clock.now(), rootId, previousRootId, crossSigned, bundleBytes, chainBytes }),
      { fence, made: outcome, revision: rotation.revision },
    );
  }

  async #make(rotation: Rotation, signal: AbortSignal): Promise<MadeRoot | BanyanError> {
    const { store, keys, steps } = this.parts;
    const { id, order, reason } = rotation;
    const options = await openOrder({ store, keys, id });
    try {
      return await steps.make(
        {
          rotationId: id,
          provider: order.provider,
          options,
          crossSign: order.crossSign,
          compromised: reason === 'compromise',
        },
        signal,
      );
    } catch (error) {
      if (!isBanyanError(error)) {
        throw new BanyanError('INTERNAL', `making a root failed: ${messageOf(error)}`, { cause: error });
      }
      if (signal.aborted || NOT_THE_ORDERS_FAULT.includes(error.code)) throw error;
      return error;
    }
  }
}

/** When to look again: at the moment the gate waits for, and in any case soon. */
const lookAgainAt = ({ phase, gates, health }: Rotation, now: EpochMs): number => {
  const soon = after(now, isMoving(phase) && health !== 'paused' ? MOVING_LOOK_MS : WAITING_LOOK_MS);
  const due = gates[phase]?.waitsUntil;
  return due !== undefined && due > now && health !== 'paused' ? Math.min(soon, due) : soon;
};
