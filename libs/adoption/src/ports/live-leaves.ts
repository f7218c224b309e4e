import type { EpochMs } from '@banyan/kernel';

/** The ledger, as far as adoption needs it. */
export abstract class LiveLeaves {
  /** Holders (service, node, token) by the root above their newest unexpired leaf, or by the subject key ID of who signed it. */
  abstract live(now: EpochMs, by?: 'root' | 'key'): Promise<Readonly<Record<string, number>>>;
}
