import type { EpochMs } from '@banyan/kernel';

/** What a server tells the others of its datacenter. Addresses are host:port as others reach it. */
export interface ServerPresence {
  /** Its own UUID, the same after a restart. */
  readonly id: string;
  readonly datacenter: string;
  readonly name: string;
  readonly version: string;
  readonly httpAddress: string;
  readonly lanAddress: string;
  readonly wanAddress: string;
  readonly startedAt: EpochMs;
}

/** A lease as its holder's row shows it. */
export interface HeldLeaseRecord {
  readonly name: string;
  readonly fencing: number;
  /** When this holder took it, by the database's clock. */
  readonly since: EpochMs | undefined;
}

/** A server of this datacenter, as the database knew it at the last look. */
export interface ServerRecord extends ServerPresence {
  /** How long it had not been heard then, by the database's clock. Unit ms. */
  readonly silentMs: number;
  /** Heard within {@link GONE_AFTER_MS}. */
  readonly alive: boolean;
  readonly leases: readonly HeldLeaseRecord[];
}

/** Every server is heard every 2 s. Five missed beats: longer than a lease outlives its holder (6 s). */
export const GONE_AFTER_MS = 10_000;
/** A server that was not heard for an hour is forgotten. */
export const FORGOTTEN_AFTER_MS = 3_600_000;

const WILDCARDS = new Set(['0.0.0.0', '[::]', '*', '']);

/** Whether somebody else can dial the address: one that stands for "every interface" leads a caller to itself. */
const isDialable = (address: string): boolean => {
  const port = address.lastIndexOf(':');
  return port > 0 && !WILDCARDS.has(address.slice(0, port));
};

/** Every address once, in a fixed order. */
export const addressesOf = (servers: readonly ServerRecord[], edge: 'lanAddress' | 'wanAddress'): readonly string[] =>
  [...new Set(servers.map((server) => server[edge]).filter(isDialable))].toSorted();
