import type { EpochMs } from '@banyan/kernel';

/** A key that nobody may believe any more, whoever certified it. Public. */
export interface DeniedKey {
  /** SHA-256 of its SubjectPublicKeyInfo, colon hex. */
  readonly keyFingerprint: string;
  /** Why, for people. */
  readonly reason: string;
  readonly since: EpochMs;
  /** The latest end that any certificate of the key can have: afterwards the entry says nothing, and is dropped. */
  readonly endsAt: EpochMs;
}

/** What is asked of `RootAuthority.denyKey`. */
export type KeyDenial = Omit<DeniedKey, 'since'>;

/** More than a trust domain survives; 256 entries are 20 KiB of each answer of the roots. */
export const MOST_DENIED_KEYS = 256;
/** Whether a key can be denied beside those, or is already: what has ended goes when another comes. */
export const hasRoomFor = (keyFingerprint: string, denied: readonly DeniedKey[], now: EpochMs): boolean =>
  denied.filter((key) => key.endsAt >= now && key.keyFingerprint !== keyFingerprint).length < MOST_DENIED_KEYS ||
  denied.some((key) => key.keyFingerprint === keyFingerprint);

/** Longer reasons are cut. */
export const MOST_DENIAL_REASON = 256;
