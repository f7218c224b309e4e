import type { EpochMs } from '@banyan/kernel';

/** The ledger, as far as adoption needs it. */
export abstract class LiveLeaves {
  /** Holders (service, node, token) by the root above their newest unexpired leaf. */
  abstract live(now: EpochMs): Promise<Readonly<Record<string, number>>>;
}
