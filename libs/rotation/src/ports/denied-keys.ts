import type { EpochMs } from '@banyan/kernel';
import type { Transaction } from '@banyan/store';

/** A key that nobody is to believe any more. */
export interface KeyToDeny {
  /** SHA-256 of its SubjectPublicKeyInfo, colon hex. */
  readonly keyFingerprint: string;
  /** Why, for people. */
  readonly reason: string;
  /** The latest end that any certificate of it can have. */
  readonly endsAt: EpochMs;
}

/** Where a compromised key is denied, with the record that says so. Throws `DENIED_KEYS_FULL`. */
export abstract class DeniedKeys {
  /** From memory: whether the list takes that key, or has it already. */
  abstract hasRoomFor(keyFingerprint: string): boolean;
  abstract deny(tx: Transaction, key: KeyToDeny): Promise<void>;
}
