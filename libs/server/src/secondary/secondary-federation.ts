import {
  type DatacenterEntry,
  type DatacenterLink,
  FederationDirectory,
  type FederationView,
  type ReplicationView,
} from '@banyan/http-api';
import type { EpochMs } from '@banyan/kernel';
import type { StreamStatus } from '@banyan/replication';
import type { DatacenterCore } from '../core/datacenter-core.js';
import type { OwnStanding } from '../edges/own-standing.js';
import type { SecondaryDesk } from './secondary-desk.js';

/** The primary says something with every heartbeat of the feed, every 2 s at the least. */
const SILENT_AFTER_MS = 10_000;

/** What {@link SecondaryFederation} needs. */
export interface SecondaryFederationParts {
  readonly core: DatacenterCore;
  readonly desk: Pick<SecondaryDesk, 'view'>;
  readonly own: OwnStanding;
}

/** What a secondary knows of the federation: itself, its tie to the primary, and the names of the others. */
export class SecondaryFederation extends FederationDirectory {
  constructor(private readonly parts: SecondaryFederationParts) {
    super();
  }

  override async read(): Promise<FederationView> {
    const { core, desk, own } = this.parts;
    const view = await desk.view();
    const standing = await own.read(view);
    const lag = lagOf(view.streams);
    const self: DatacenterEntry = {
      name: core.datacenter,
      role: 'secondary',
      wanAddresses: core.membership.wanAddresses(),
      link: { state: 'self' },
      standing,
      state: standing.state,
      reason: standing.reason,
      ...(lag !== undefined && { lag }),
      canary: view.canary,
    };
    const others = core.datacenters.names().filter((name) => name !== core.datacenter);
    return {
      datacenter: core.datacenter,
      primaryDatacenter: view.source,
      trustDomain: core.ca.state.trustDomain?.name ?? '',
      datacenters: [self, ...others.map((name) => this.#other(name, view))],
    };
  }

  #other(name: string, view: ReplicationView): DatacenterEntry {
    const { core } = this.parts;
    const isPrimary = name === view.source;
    return {
      name,
      role: isPrimary ? 'primary' : 'secondary',
      wanAddresses: (core.datacenters.find(name)?.wanAddress ?? '').split(',').filter((address) => address !== ''),
      link: isPrimary ? linkOf(view, core.ambient.clock.now()) : { state: 'unknown' },
      state: 'UNKNOWN',
      reason: isPrimary
        ? `a secondary knows of its primary only that it is heard: ask there (?dc=${name})`
        : `only the primary hears of it: ask there (?dc=${view.source})`,
    };
  }
}

/** What is asked for and not followed is no part of the feed. */
const isFed = ({ stream }: StreamStatus): boolean => stream !== 'intermediate';

const linkOf = ({ streams }: ReplicationView, now: EpochMs): DatacenterLink => {
  const heard = streams.filter(isFed).flatMap(({ lastSuccessAt }) => lastSuccessAt ?? []);
  if (heard.length === 0) return { state: 'down' };
  const lastContactMs = Math.max(0, now - Math.max(...heard));
  return { state: lastContactMs < SILENT_AFTER_MS ? 'up' : 'down', lastContactMs };
};

const lagOf = (streams: readonly StreamStatus[]): { readonly index: number; readonly ms?: number } | undefined => {
  const fed = streams.filter(isFed);
  if (fed.length === 0) return undefined;
  const lags = fed.flatMap(({ lagMs }) => lagMs ?? []);
  return {
    index: Math.max(...fed.map(({ lagIndex }) => lagIndex)),
    ...(lags.length > 0 && { ms: Math.max(...lags) }),
  };
};
