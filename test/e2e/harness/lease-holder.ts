import { expect } from '@jest/globals';
import type { Datacenter } from './datacenter.js';
import { eventually } from './eventually.js';

/** The promise: a lease that nobody renews is held by another server within this. */
export const TAKEOVER_LIMIT_MS = 10_000;

/** What is read of the list of servers. */
export interface ServersAnswer {
  readonly Leader: string;
  readonly Servers: readonly {
    readonly Name: string;
    readonly LANAddress: string;
    readonly Alive: boolean;
    readonly Leases: readonly { readonly Name: string; readonly Fencing: number }[];
  }[];
}

export const serversOf = (datacenter: Datacenter): Promise<ServersAnswer> =>
  datacenter.askServer({ path: '/v1/operator/servers', limitMs: 2_000 });

/** Who holds the authority's lease: its place among the servers, and the fencing number. */
export interface Holder {
  readonly at: number;
  readonly fencing: number;
}

export const holderOf = async (datacenter: Datacenter): Promise<Holder> => {
  const { Servers } = await serversOf(datacenter);
  const holder = Servers.find(({ Leases }) => Leases.some(({ Name }) => Name === 'authority'));
  if (holder === undefined) throw new Error('nobody holds the lease');
  return {
    at: datacenter.lanAddresses.indexOf(holder.LANAddress),
    fencing: holder.Leases.find(({ Name }) => Name === 'authority')!.Fencing,
  };
};

/** From now on the operator asks the other server; resolves when that one holds the lease. */
export const takenOver = async (datacenter: Datacenter, from: Holder): Promise<Holder> => {
  datacenter.asked = 1 - from.at;
  return eventually('the other server holds the lease', { limitMs: TAKEOVER_LIMIT_MS + 2_000 }, async () => {
    const holder = await holderOf(datacenter);
    expect(holder.at).toBe(1 - from.at);
    return holder;
  });
};

/** Waits until somebody holds it. */
export const currentHolder = (datacenter: Datacenter) =>
  eventually('somebody holds the lease', { limitMs: TAKEOVER_LIMIT_MS }, () => holderOf(datacenter));
