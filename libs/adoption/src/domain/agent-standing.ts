import { type EpochMs, skewOf } from '@banyan/kernel';
import type { AgentReport } from './agent-report.js';
import { type Laggard, LAGGARD_REASONS } from './datacenter-adoption.js';

/** Three heartbeats of 5 s: an agent that was not heard for so long is offline. */
const LIVE_WITHIN_MS = 15_000;

/** An agent as its datacenter knows it: when it was heard, and what it last said. */
export interface KnownAgent {
  readonly node: string;
  /** Last heartbeat. */
  readonly seenAt: EpochMs;
  /** Absent from an agent that never reported: it is of an older version. */
  readonly report?: AgentReport;
}

/** What the datacenter asks of its agents: to verify with every root of the bundle, and to hold leaves under the one that signs. */
export interface Asked {
  readonly bundle: readonly string[];
  readonly signingRootId?: string;
  /** Keys whose certificates are to go. */
  readonly leavingKeyIds?: readonly string[];
  readonly now: EpochMs;
}

type Reason = Laggard['reason'];

/** Whether the agent was heard within 15 s. */
export const isLive = ({ seenAt }: KnownAgent, now: EpochMs): boolean => now - seenAt <= LIVE_WITHIN_MS;

/** Whether the agent, and every sidecar that reports to it, verifies with the root. */
export const trusts = ({ report }: KnownAgent, rootId: string): boolean =>
  report !== undefined && report.bundle.includes(rootId) && sidecarsWithout(report, rootId) === 0;

const sidecarsWithout = ({ sidecars }: AgentReport, rootId: string): number =>
  Math.max(0, sidecars.total - (sidecars.trusting[rootId] ?? 0));

/**
 * The root above the agent's own certificate, while the agent is live: without that root it is as lost as a workload. A
 * silent one, should it come back, finds its way along the transitions.
 */
export const identityRootOf = (agent: KnownAgent, now: EpochMs): string | undefined =>
  isLive(agent, now) ? agent.report?.identityRootId : undefined;

/** Live leaves under any other root than the one that signs. */
const leavesBehind = (report: AgentReport, signingRootId: string | undefined): number =>
  Object.entries(report.leaves.byRoot)
    .filter(([rootId]) => rootId !== signingRootId)
    .reduce((sum, [, leaves]) => sum + leaves, 0);

/** Live leaves of the agent under keys that leave, and whether its own certificate is; a silent agent's own is not looked at. */
export const underLeavingKeys = (
  agent: KnownAgent,
  { leavingKeyIds = [], now }: Pick<Asked, 'leavingKeyIds' | 'now'>,
): { readonly leaves: number; readonly identity: boolean } => {
  const { leaves, identityKeyId } = agent.report ?? {};
  return {
    leaves: leavingKeyIds.reduce((sum, keyId) => sum + (leaves?.byKey?.[keyId] ?? 0), 0),
    identity: isLive(agent, now) && identityKeyId !== undefined && leavingKeyIds.includes(identityKeyId),
  };
};

/** What an agent has not done yet, in numbers. */
const debtOf = (agent: KnownAgent, asked: Asked) => {
  const { bundle, signingRootId } = asked;
  const leavingKey = underLeavingKeys(agent, asked);
  const { report } = agent;
  const lacks = bundle.filter((rootId) => !trusts(agent, rootId));
  if (report === undefined) return { lacks, ownLacks: bundle, leaves: 0, identity: false, sidecars: 0, leavingKey };
  const waiting = bundle.map((rootId) => sidecarsWithout(report, rootId));
  return {
    lacks,
    ownLacks: bundle.filter((rootId) => !report.bundle.includes(rootId)),
    leaves: signingRootId === undefined ? 0 : leavesBehind(report, signingRootId),
    identity:
      signingRootId !== undefined && report.identityRootId !== undefined && report.identityRootId !== signingRootId,
    sidecars: Math.max(report.staleSidecars, ...waiting, 0),
    leavingKey,
  };
};

/**
 * Why the agent is behind, or undefined when it is not. The first that holds: its clock is wrong (or was, when it was last
 * heard: that is then why), it is offline, the servers told it to wait, it is too old to say, only its sidecars are missing,
 * it is under way.
 */
export const laggardOf = (agent: KnownAgent, asked: Asked): Laggard | undefined => {
  const { report, seenAt, node } = agent;
  const live = isLive(agent, asked.now);
  const identityRootId = identityRootOf(agent, asked.now);
  const debt = debtOf(agent, asked);
  const found = reasonOf(agent, asked, debt);
  if (found === undefined) return undefined;
  const [reason, detail] = found;
  return {
    node,
    reason,
    detail,
    seenAt,
    live,
    lacks: [...debt.lacks],
    leaves: report?.leaves.byRoot ?? {},
    ...(identityRootId !== undefined && { identityRootId }),
    ...((debt.leavingKey.leaves > 0 || debt.leavingKey.identity) && { leavingKey: debt.leavingKey }),
  };
};

const reasonOf = (
  agent: KnownAgent,
  asked: Asked,
  debt: ReturnType<typeof debtOf>,
): readonly [Reason, string] | undefined => {
  const { report, seenAt } = agent;
  const skew = skewIn(report);
  if (!isLive(agent, asked.now)) {
    const since = new Date(seenAt).toISOString();
    if (skew !== undefined) return ['clock-skew', `its clock was ${skew}, and it is offline since ${since}`];
    return ['offline', `offline since ${since} (${Math.floor((asked.now - seenAt) / 1_000)} s)`];
  }
  if (report === undefined) return ['version', 'the agent reports nothing: it is of an older version'];
  if (skew !== undefined) return ['clock-skew', `its clock is ${skew}`];
  const { leavingKey } = debt;
  const own =
    debt.ownLacks.length > 0 || debt.leaves > 0 || debt.identity || leavingKey.leaves > 0 || leavingKey.identity;
  const due = Math.max(debt.leaves, leavingKey.leaves);
  if (due > 0 && report.leaves.rateLimited > 0) {
    return ['rate-limited', `${report.leaves.rateLimited} of ${due} renewals wait for the CSR limit`];
  }
  if (!own && debt.sidecars > 0) return ['sidecar', `${debt.sidecars} of ${report.sidecars.total} sidecars are behind`];
  return own ? ['pending', pendingDetail(debt)] : undefined;
};

/** "600 s behind the servers'"; undefined when the clock agrees. A host with a wrong clock refuses what the servers sign. */
const skewIn = (report: AgentReport | undefined): string | undefined => {
  const skew = skewOf(report?.clockOffsetMs ?? 0);
  return skew === undefined ? undefined : `${skew} the servers'`;
};

const pendingDetail = ({ ownLacks, leaves, identity, leavingKey }: ReturnType<typeof debtOf>): string =>
  [
    ...(ownLacks.length > 0 ? [`${ownLacks.length} roots not received yet`] : []),
    ...(leaves > 0 ? [`${leaves} leaves under another root`] : []),
    ...(identity ? ['its own certificate is under another root'] : []),
    ...(leavingKey.leaves > 0 ? [`${leavingKey.leaves} leaves under the former key`] : []),
    ...(leavingKey.identity ? ['its own certificate is under the former key'] : []),
  ].join(', ');

/** Worst first: by reason in the order of {@link LAGGARD_REASONS}, then the longest silent, then by name. */
export const worstFirst = (a: Laggard, b: Laggard): number =>
  LAGGARD_REASONS.indexOf(a.reason) - LAGGARD_REASONS.indexOf(b.reason) ||
  a.seenAt - b.seenAt ||
  (a.node < b.node ? -1 : 1);
