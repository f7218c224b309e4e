import { contentHash, type JsonValue, skewOf } from '@banyan/kernel';
import type { AgentReport } from './agent-report.js';
import type { DatacenterAdoption } from './datacenter-adoption.js';

/**
 * The hash of the part of a report that a gate of a rotation may hang on. Counters of handshakes, the age of the oldest
 * leaf and the exact clock offset change with every heartbeat and are kept at leisure.
 */
export const materialHash = (report: AgentReport): string =>
  contentHash({
    bundle: report.bundle,
    identity: report.identityRootId ?? '',
    leaves: report.leaves.byRoot,
    keys: report.leaves.byKey ?? {},
    identityKey: report.identityKeyId ?? '',
    waits: report.leaves.rateLimited > 0,
    sidecars: report.sidecars,
    stale: report.staleSidecars,
    shadow: shadowPart(report.shadow),
    skewed: skewOf(report.clockOffsetMs) !== undefined,
    version: report.version,
  });

/** The same of a datacenter's adoption: what its primary has to know at once. */
export const materialAdoptionHash = (adoption: DatacenterAdoption): string =>
  contentHash({
    bundle: adoption.bundle,
    signing: adoption.signingRootId ?? '',
    staged: adoption.stagedRootId ?? '',
    key: (adoption.key ?? null) as JsonValue,
    agents: adoption.agents,
    leaves: adoption.leaves,
    identities: adoption.identities,
    ledger: adoption.ledgerLeaves,
    roots: Object.keys(adoption.horizons).toSorted(),
    budget: adoption.signing.budgetPerSecond,
    shadow: shadowPart(adoption.shadow),
    laggards: adoption.laggards.map(({ node, reason, lacks }) => ({ node, reason, lacks })),
  });

const shadowPart = ({ rootId, checked, failed, failures }: AgentReport['shadow']): JsonValue => ({
  rootId: rootId ?? '',
  any: checked > 0,
  failed,
  peers: failures.map(({ peer, service, direction }) => [peer, service, direction]),
});
