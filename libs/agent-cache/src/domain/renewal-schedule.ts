import { type EpochMs, epochMs } from '@banyan/kernel';

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

export interface LeafSituation {
  readonly renewAt: EpochMs;
  /** Subject key id of the authority that signed the leaf. */
  readonly signedBy: string;
  /** Subject key id of the authority that signs now, as the roots say; absent while they are unknown. */
  readonly signsNow?: string;
  /** When we first saw that the authority had changed, plus our place in the slot; absent before. */
  readonly authorityChangeAt?: EpochMs;
  readonly now: EpochMs;
}

export type LeafDue =
  | { readonly kind: 'renew'; readonly reason: 'lifetime' | 'authority-changed' }
  | { readonly kind: 'wait'; readonly until: EpochMs }
  /** The authority changed and our place in the slot must be drawn. */
  | { readonly kind: 'draw-slot' };

/** What to do with a leaf now. */
export const leafDue = (s: LeafSituation): LeafDue => {
  if (s.now >= s.renewAt) return { kind: 'renew', reason: 'lifetime' };
  if (s.signsNow === undefined || s.signsNow === s.signedBy) return { kind: 'wait', until: s.renewAt };
  if (s.authorityChangeAt === undefined) return { kind: 'draw-slot' };
  if (s.now >= s.authorityChangeAt) return { kind: 'renew', reason: 'authority-changed' };
  return { kind: 'wait', until: epochMs(Math.min(s.renewAt, s.authorityChangeAt)) };
};
