import type { DatacenterAdoption } from '@banyan/adoption';
import type { EpochMs } from '@banyan/kernel';

/** A datacenter of the federation, and what it last said; the time that counts is the primary's own. */
export interface DatacenterEvidence {
  readonly datacenter: string;
  readonly isPrimary: boolean;
  /** Absent for a datacenter that never reported. */
  readonly adoption?: DatacenterAdoption;
  readonly reportedAt?: EpochMs;
}

/** What the gates of a rotation look at. */
export abstract class AdoptionEvidence {
  /** Every datacenter of the federation. */
  abstract datacenters(): Promise<readonly DatacenterEvidence[]>;
}
