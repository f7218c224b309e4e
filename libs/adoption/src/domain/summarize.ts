import type { EpochMs } from '@banyan/kernel';
import {
  identityRootOf,
  isLive,
  type KnownAgent,
  laggardOf,
  trusts,
  underLeavingKeys,
  worstFirst,
} from './agent-standing.js';
import { type DatacenterAdoption, type Laggard, MOST_LAGGARDS } from './datacenter-adoption.js';
import { mergeShadow } from './merge-shadow.js';

/** What the authority of a datacenter says of itself, in plain values. */
export interface AuthorityFacts {
  readonly datacenter: string;
  readonly bundle: readonly string[];
  readonly signingRootId?: string;
  readonly stagedRootId?: string;
  /** The signing key in use; absent before the first one. */
  readonly key?: Omit<NonNullable<DatacenterAdoption['key']>, 'leaving'>;
  /** Keys whose certificates are to go. */
  readonly leavingKeyIds?: readonly string[];
  /** A root of the bundle or the former signing key is compromised: renewals are spread over the whole budget, nothing is kept back. */
  readonly tainted: boolean;
  readonly horizons: Readonly<Record<string, number>>;
  readonly signing: DatacenterAdoption['signing'];
}

/** What {@link summarize} is made from. */
export interface AdoptionParts {
  readonly authority: AuthorityFacts;
  readonly agents: readonly KnownAgent[];
  readonly ledgerLeaves: Readonly<Record<string, number>>;
  /** The same holders by the key that signed. */
  readonly ledgerLeavesByKey?: Readonly<Record<string, number>>;
  readonly now: EpochMs;
}

/** The datacenter's adoption, from what its agents, its ledger and its authority say. Pure. */
export const summarize = (parts: AdoptionParts): DatacenterAdoption => {
  const { authority, agents, ledgerLeaves, now } = parts;
  const { datacenter, bundle, signingRootId, stagedRootId, horizons, signing } = authority;
  const live = agents.filter((agent) => isLive(agent, now));
  const liveReports = live.flatMap(({ report }) => (report === undefined ? [] : [report]));
  const trusting = bundle.map((id) => [id, live.filter((agent) => trusts(agent, id)).length] as const);
  return {
    datacenter,
    bundle: [...bundle],
    ...(signingRootId !== undefined && { signingRootId }),
    ...(stagedRootId !== undefined && { stagedRootId }),
    ...(authority.key !== undefined && { key: { ...authority.key, leaving: underFormerKeys(parts) } }),
    agents: { total: agents.length, live: live.length, trusting: Object.fromEntries(trusting) },
    leaves: leavesByRoot(agents, horizons, now),
    identities: identitiesByRoot(agents, now),
    ledgerLeaves: { ...ledgerLeaves },
    horizons: { ...horizons },
    signing,
    shadow: mergeShadow(liveReports, signingRootId),
    laggards: laggardsOf(agents, authority, now).slice(0, MOST_LAGGARDS),
  };
};

/** What is left under the keys before the last rotation. */
const underFormerKeys = ({ authority, agents, ledgerLeavesByKey = {}, now }: AdoptionParts) => {
  const { leavingKeyIds = [] } = authority;
  const counted = agents.map((agent) => underLeavingKeys(agent, { leavingKeyIds, now }));
  return {
    leaves: counted.reduce((sum, { leaves }) => sum + leaves, 0),
    ledgerLeaves: leavingKeyIds.reduce((sum, keyId) => sum + (ledgerLeavesByKey[keyId] ?? 0), 0),
    identities: counted.filter(({ identity }) => identity).length,
  };
};

/** Everybody who is behind, worst first. */
const laggardsOf = (agents: readonly KnownAgent[], authority: AuthorityFacts, now: EpochMs): Laggard[] => {
  const laggards = agents.flatMap((agent) => laggardOf(agent, { ...authority, now }) ?? []);
  return laggards.toSorted(worstFirst);
};

/** What an agent last said may be old: leaves whose root's horizon has passed have ended, whoever still counts them. */
const leavesByRoot = (
  agents: readonly KnownAgent[],
  horizons: Readonly<Record<string, number>>,
  now: EpochMs,
): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const { report } of agents) {
    for (const [rootId, leaves] of Object.entries(report?.leaves.byRoot ?? {})) {
      const ended = (horizons[rootId] ?? Number.POSITIVE_INFINITY) <= now;
      if (leaves > 0 && !ended) sums[rootId] = (sums[rootId] ?? 0) + leaves;
    }
  }
  return sums;
};

const identitiesByRoot = (agents: readonly KnownAgent[], now: EpochMs): Record<string, number> => {
  const sums: Record<string, number> = {};
  for (const agent of agents) {
    const rootId = identityRootOf(agent, now);
    if (rootId !== undefined) sums[rootId] = (sums[rootId] ?? 0) + 1;
  }
  return sums;
};
