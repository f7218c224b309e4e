import type { EpochMs } from '@banyan/kernel';

/** What a datacenter says about its signing: which root it signs under now, and until when its older leaves live. */
export interface AuthorityReport {
  readonly datacenter: string;
  /** The root above the signing authority in use; absent before the first one. */
  readonly signingRootId?: string;
  /** For each root that leaves of this datacenter were signed under: the latest end of any of them. */
  readonly horizons: Readonly<Record<string, EpochMs>>;
  /** When the datacenter looked. */
  readonly reportedAt: EpochMs;
}
