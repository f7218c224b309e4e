import { type EpochMs, HOUR } from '@banyan/kernel';

/** `auto`: a rotation is started when the root is due. `notice`: it is said, and an operator starts it. */
export type RootRenewalPolicy = 'auto' | 'notice';

/** The active root at one moment. */
export interface RootRenewalSituation {
  /** Of the active root. */
  readonly notBefore: EpochMs;
  readonly notAfter: EpochMs;
  readonly intermediateTtlMs: number;
  readonly now: EpochMs;
  readonly policy: RootRenewalPolicy;
}

/** Nothing yet, a notice for people, or a renewal that is due. */
export type RootRenewalVerdict =
  | { readonly kind: 'none'; readonly checkAgainAt: EpochMs }
  /** `at`: when the renewal is due. */
  | { readonly kind: 'notice'; readonly at: EpochMs; readonly reason: string }
  | { readonly kind: 'due'; readonly reason: string };

/** Four weeks, or a twelfth of the life of a root that lives for less than eleven months. */
const NOTICE_MS = 28 * 24 * HOUR;

/**
 * When the root is due: at two thirds of its life, or when an intermediate signed at the last moment would not have half a
 * life to spare (1.5 of its lifetimes before the end), whichever comes first; but not in the first half of its life, so that
 * a root that is short for its intermediates is not rotated for ever.
 */
const dueAt = ({ notBefore, notAfter, intermediateTtlMs }: RootRenewalSituation): EpochMs => {
  const life = notAfter - notBefore;
  const early = Math.min(notBefore + (life * 2) / 3, notAfter - intermediateTtlMs * 1.5);
  return Math.round(Math.max(early, notBefore + life / 2)) as EpochMs;
};

/** Whether the root is to be renewed, and why; before that, for weeks, that it will be. */
export const rootRenewal = (situation: RootRenewalSituation): RootRenewalVerdict => {
  const { notBefore, notAfter, now, policy } = situation;
  const due = dueAt(situation);
  const noticeAt = Math.round(due - Math.min(NOTICE_MS, (notAfter - notBefore) / 12)) as EpochMs;
  if (now < noticeAt) return { kind: 'none', checkAgainAt: noticeAt };
  const end = `the root ends at ${new Date(notAfter).toISOString()}`;
  const when = new Date(due).toISOString();
  if (now < due) {
    const what = policy === 'auto' ? 'a rotation starts by itself' : 'have a rotation started';
    return { kind: 'notice', at: due, reason: `${end}: ${what} at ${when}` };
  }
  if (policy === 'notice')
    return { kind: 'notice', at: due, reason: `${end}: start a rotation, it is due since ${when}` };
  return { kind: 'due', reason: `${end}, its renewal is due since ${when}` };
};

/** How much of a root's life is left: 1 at its begin, 0 at its end and after. */
export const remainingRatio = (root: { notBefore: EpochMs; notAfter: EpochMs }, now: EpochMs): number =>
  Math.min(1, Math.max(0, (root.notAfter - now) / (root.notAfter - root.notBefore)));
