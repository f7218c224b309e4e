import type { AgentEntry, AgentReport, DatacenterAdoption, Laggard, Shadow } from '@banyan/adoption';

/** A datacenter's adoption as `GET /v1/connect/ca/adoption` shows it. */
export const toWireAdoption = (adoption: DatacenterAdoption): object => ({
  Datacenter: adoption.datacenter,
  Bundle: adoption.bundle,
  SigningRootID: adoption.signingRootId ?? '',
  StagedRootID: adoption.stagedRootId ?? '',
  Agents: { Total: adoption.agents.total, Live: adoption.agents.live, Trusting: adoption.agents.trusting },
  Leaves: adoption.leaves,
  Identities: adoption.identities,
  LedgerLeaves: adoption.ledgerLeaves,
  Horizons: Object.fromEntries(Object.entries(adoption.horizons).map(([rootId, until]) => [rootId, timeText(until)])),
  Signing: {
    MeasuredPerSecond: rounded(adoption.signing.measuredPerSecond),
    BudgetPerSecond: rounded(adoption.signing.budgetPerSecond),
  },
  Shadow: wireShadow(adoption.shadow),
  Laggards: adoption.laggards.map(wireLaggard),
});

/** One agent as `GET /v1/connect/ca/adoption/agents` shows it; `Laggard` and `Report` are null when there is none. */
export const toWireAgent = ({ node, seenAt, live, report, laggard }: AgentEntry): object => ({
  Node: node,
  SeenAt: timeText(seenAt),
  Live: live,
  Laggard: laggard === undefined ? null : wireLaggard(laggard),
  Report: report === undefined ? null : wireReport(report),
});

const wireLaggard = ({ node, reason, detail, seenAt, live, lacks, leaves, identityRootId }: Laggard) => ({
  Node: node,
  Reason: reason,
  Detail: detail,
  SeenAt: timeText(seenAt),
  Live: live,
  Lacks: lacks,
  Leaves: leaves,
  IdentityRootID: identityRootId ?? '',
});

const wireReport = (report: AgentReport) => ({
  Bundle: report.bundle,
  IdentityRootID: report.identityRootId ?? '',
  Sidecars: { Total: report.sidecars.total, Trusting: report.sidecars.trusting, Stale: report.staleSidecars },
  Leaves: {
    ByRoot: report.leaves.byRoot,
    OldestAt: report.leaves.oldestAt === undefined ? '' : timeText(report.leaves.oldestAt),
    RateLimited: report.leaves.rateLimited,
  },
  Handshakes: Object.fromEntries(
    Object.entries(report.handshakes).map(([rootId, { count, lastAt }]) => [
      rootId,
      { Count: count, LastAt: timeText(lastAt) },
    ]),
  ),
  Shadow: wireShadow(report.shadow),
  ClockOffsetMs: report.clockOffsetMs,
  Version: report.version,
});

const wireShadow = ({ rootId, checked, failed, probed, failures }: Shadow) => ({
  RootID: rootId ?? '',
  Checked: checked,
  Failed: failed,
  Probed: probed,
  Failures: failures.map(({ peer, service, direction, reason, count, lastAt }) => ({
    Peer: peer,
    Service: service,
    Direction: direction,
    Reason: reason,
    Count: count,
    LastAt: timeText(lastAt),
  })),
});

/** The largest moment that ECMAScript can write; what agents report is not believed to be one. */
const LATEST_MS = 8_640_000_000_000_000;

const timeText = (at: number): string => (Math.abs(at) <= LATEST_MS ? new Date(at).toISOString() : '');

/** Tenths are enough of a rate; 0 stands for "not measured yet". */
const rounded = (perSecond: number | undefined): number => Math.round((perSecond ?? 0) * 10) / 10;
