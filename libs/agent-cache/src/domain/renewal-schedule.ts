import { type EpochMs, epochMs } from '@banyan/kernel';
import type { LeafReason } from '../ports/leaf-signer.js';

/**
 * A leaf is renewed between 45 % and 60 % of its life. Consul draws from 60 % to 90 %; the earlier window leaves at least
 * 40 % of the life (28 h of 72 h) to get over an outage of the servers, at the price of a third more signatures.
 */
const EARLIEST = 0.45;
const LATEST = 0.6;

/** When to renew, from a fraction drawn once per leaf: the result is stored, never drawn again. */
export const renewalMoment = (validity: { notBefore: EpochMs; notAfter: EpochMs }, fraction: number): EpochMs => {
  const life = validity.notAfter - validity.notBefore;
  return epochMs(validity.notBefore + life * (EARLIEST + (LATEST - EARLIEST) * fraction));
};

/** A refusal for rate says when to come back; up to a tenth of that is added, so that two servers' crowds do not meet. */
export const comeBackMs = (retryAfterMs: number, fraction: number): number => retryAfterMs * (1 + fraction / 10);

/** A leaf and its bundle at one moment. */
export interface LeafSituation {
  readonly renewAt: EpochMs;
  /** The root above the leaf. */
  readonly rootId: string;
  /** The root that leaves are signed under now, as the roots say; absent while they are unknown. */
  readonly activeRootId?: string;
  /** The leaf's root was in the bundle and has left it: whoever has the present bundle refuses the leaf. */
  readonly rootGone?: boolean;
  /** The leaf's root is compromised and about to leave. */
  readonly rootTainted?: boolean;
  /** The datacenter signs with another key, and what its former one signed is to go. */
  readonly keyLeaving?: boolean;
  /** When we first saw that another root or key signs, plus our place in the slot; absent before. */
  readonly rootChangeAt?: EpochMs;
  readonly now: EpochMs;
}

/** What is to be done with a leaf, and when. */
export type LeafDue =
  | { readonly kind: 'renew'; readonly reason: Exclude<LeafReason, 'first'> }
  | { readonly kind: 'wait'; readonly until: EpochMs }
  /** Another root or key signs and our place in the slot must be drawn. */
  | { readonly kind: 'draw-slot' };

/**
 * What to do with a leaf now. Another intermediate under the same root is no reason, unless a rotation of the datacenter's
 * key says so: the leaf carries its own, which outlives it. So nothing is issued again in the steady state.
 */
export const leafDue = (s: LeafSituation): LeafDue => {
  if (s.rootGone === true) return { kind: 'renew', reason: 'taint' };
  if (s.now >= s.renewAt) return { kind: 'renew', reason: 'renewal' };
  const isUnderAnother = s.activeRootId !== undefined && s.activeRootId !== s.rootId;
  if (!isUnderAnother && s.keyLeaving !== true) return { kind: 'wait', until: s.renewAt };
  if (isUnderAnother && s.rootTainted === true) return { kind: 'renew', reason: 'taint' };
  if (s.rootChangeAt === undefined) return { kind: 'draw-slot' };
  if (s.now >= s.rootChangeAt) return { kind: 'renew', reason: 'rotation' };
  return { kind: 'wait', until: epochMs(Math.min(s.renewAt, s.rootChangeAt)) };
};
