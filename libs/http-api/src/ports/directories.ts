import type { EpochMs } from '@banyan/kernel';

/** The datacenters of this federation. */
export abstract class DatacenterDirectory {
  /** Names, the own one first, then by distance or name. */
  abstract names(): readonly string[];
}

/** A lease that a server holds. */
export interface LeaseEntry {
  readonly name: string;
  /** Grows by one whenever the lease is taken. */
  readonly fencing: number;
  readonly since: EpochMs | undefined;
}

/** A server of this datacenter. */
export interface ServerEntry {
  readonly id: string;
  readonly name: string;
  readonly datacenter: string;
  readonly version: string;
  readonly httpAddress: string;
  readonly lanAddress: string;
  readonly wanAddress: string;
  readonly startedAt: EpochMs;
  /** How long the server had been silent when it was looked. Unit ms. */
  readonly lastHeardMs: number;
  readonly alive: boolean;
  readonly leases: readonly LeaseEntry[];
}

/** The servers, as of the last look at the database. */
export interface ServerList {
  /** How long ago that look was: grows while the database is away. Unit ms. */
  readonly ageMs: number;
  readonly servers: readonly ServerEntry[];
}

/** The servers of this datacenter. */
export abstract class LeaderDirectory {
  /** `host:port` of the server that holds the datacenter's lease; empty when none does. */
  abstract leader(): string;
  /** `host:port` of every server heard of lately. */
  abstract peers(): readonly string[];
  /** Every server that was heard within the last hour. */
  abstract servers(): ServerList;
}
