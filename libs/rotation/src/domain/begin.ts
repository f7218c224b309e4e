import type { EpochMs } from '@banyan/kernel';
import { MACHINE } from './journal.js';
import type { RotationPlan } from './plan.js';
import type { Rotation } from './rotation.js';

/** What is known before anything is made. */
export interface Beginning {
  readonly id: string;
  readonly plan: RotationPlan;
  readonly planHash: string;
  readonly note: string;
  readonly requester: string;
  readonly at: EpochMs;
}

/** The record that is persisted before anything is made. */
export const beginRotation = ({ id, plan, planHash, note, requester, at }: Beginning): Rotation => {
  const { reason, provider, options, crossSign, key } = plan.intent;
  const compromise = reason === 'compromise';
  return {
    id,
    scope: key ?? 'root',
    reason,
    note,
    requester,
    order: { provider, options, crossSign: crossSign && !compromise },
    crossSigned: false,
    plan,
    planHash,
    phase: 'prepare',
    health: 'running',
    datacenters: [],
    gates: {},
    shadowWatch: {},
    waivers: [],
    journal: [
      {
        at,
        actor: requester === '' ? MACHINE : requester,
        from: 'prepare',
        event: 'start',
        to: 'prepare',
        text: `started by plan ${planHash.slice(0, 12)}${note === '' ? '' : `: ${note}`}`,
      },
    ],
    journalDropped: 0,
    policy: plan.policy,
    ...(compromise && { deadlineAt: at + plan.policy.deadlineMs }),
    revision: 1,
    createdAt: at,
    startedAt: { prepare: at },
  };
};

/**
 * A compromised root that leaves already, of which no rotation knows: nothing is made, it is waited for whoever needs it,
 * until the deadline.
 */
export const beginDropping = (
  beginning: Beginning,
  roots: { readonly rootId: string; readonly previousRootId: string },
): Rotation => {
  const rotation = beginRotation(beginning);
  const { at } = beginning;
  return { ...rotation, ...roots, phase: 'retire', startedAt: { prepare: at, activate: at, retire: at } };
};
