import type { DatacenterAdoption } from '@banyan/adoption';
import type { ProviderTrial } from '@banyan/ca';
import type { DatacenterEvidence } from '../ports/adoption-evidence.js';
import { type Blocker, deniedKeysFull, MOST_BLOCKERS, UNNAMED_AGENTS } from './blocker.js';
import { certificateBytes } from './certificate-size.js';
import { sumOver } from './gates/agents-behind.js';
import { iso, REPORT_STALE_MS } from './gates/verdict.js';
import { keySpecText } from './order-summary.js';
import type { RotationPlan } from './plan.js';

/** What a plan is made from; everything is given, so that a plan can be made again and compared. */
export interface PlanParts {
  readonly intent: RotationPlan['intent'];
  readonly policy: RotationPlan['policy'];
  readonly datacenters: readonly DatacenterEvidence[];
  readonly trial: ProviderTrial;
  /** The longest leaf that can be asked for now, and the end of the root that is to go. Units: ms. */
  readonly leafTtlMs: number;
  readonly rootNotAfter: number;
  /** No further key can be denied. */
  readonly deniedKeysFull?: boolean;
  readonly now: number;
}

/** Looks at the whole federation and says what the rotation would touch, need and meet. Pure. */
export const makePlan = (parts: PlanParts): RotationPlan => {
  const { intent, policy, datacenters } = parts;
  const planned = datacenters.map(plannedDatacenter);
  const blockers = [...datacenters.flatMap((each) => blockersIn(each, parts)), ...authorityBlockers(parts)];
  const seconds = planned.map((each) => each.seconds);
  const bytes = certificateBytes(keySpecText(intent.options));
  const vouched = intent.crossSign && parts.trial.canCrossSign;
  const makesRoot =
    intent.key === undefined &&
    (intent.kind === 'rotate' || (intent.kind === 'taint' && intent.reason === 'compromise'));
  const ownSignatures = (makesRoot ? 1 : 0) + (vouched ? 1 : 0);
  return {
    intent,
    policy,
    datacenters: planned,
    totals: {
      datacenters: planned.length,
      agents: sumOf(planned, ({ agents }) => agents.live + agents.offline),
      offlineAgents: sumOf(planned, ({ agents }) => agents.offline),
      workloads: sumOf(planned, ({ workloads }) => workloads),
      signatures: sumOf(planned, ({ signatures }) => signatures) + ownSignatures,
      ...(seconds.every((each) => each !== undefined) && { estimatedSeconds: Math.max(0, ...seconds) }),
    },
    growth: { bundleBytes: makesRoot ? bytes : 0, chainBytes: vouched ? bytes : 0 },
    blockers: blockers.slice(0, MOST_BLOCKERS),
    blockerCount: blockers.length,
  };
};

const plannedDatacenter = ({ datacenter, adoption }: DatacenterEvidence): RotationPlan['datacenters'][number] => {
  if (adoption === undefined) {
    return { datacenter, reported: false, agents: { live: 0, offline: 0 }, workloads: 0, signatures: 1 };
  }
  const { agents, leaves, identities, ledgerLeaves } = adoption;
  const workloads = Math.max(sumOver(leaves, everyRoot), sumOver(ledgerLeaves, everyRoot));
  const perSecond = rateOf(adoption);
  // Agents renew their own certificates past the limits of workloads, and so cost no time of theirs.
  const known = workloads === 0 ? 0 : perSecond && Math.ceil(workloads / perSecond);
  return {
    datacenter,
    reported: true,
    agents: { live: agents.live, offline: agents.total - agents.live },
    workloads,
    signatures: workloads + sumOver(identities, everyRoot) + 1,
    ...(perSecond !== undefined && { perSecond }),
    ...(known !== undefined && { seconds: known }),
  };
};

const everyRoot = (): boolean => true;

/** A budget of 0 is no limit. */
const rateOf = ({ signing }: DatacenterAdoption): number | undefined => {
  const { measuredPerSecond, budgetPerSecond } = signing;
  const rates = [measuredPerSecond, budgetPerSecond].filter((rate) => rate !== undefined && rate > 0) as number[];
  return rates.length === 0 ? undefined : Math.min(...rates);
};

const sumOf = <T>(items: readonly T[], amount: (item: T) => number): number =>
  items.reduce((sum, item) => sum + amount(item), 0);

/** Who would be late, or would break: agents that cannot follow, and datacenters that are not heard. */
const blockersIn = ({ datacenter, adoption, reportedAt }: DatacenterEvidence, { now }: PlanParts): Blocker[] => {
  if (adoption === undefined || reportedAt === undefined) {
    return [{ datacenter, reason: 'unreported', detail: 'it never reported' }];
  }
  const { agents, laggards } = adoption;
  const behind = laggards.filter(
    ({ reason }) => reason === 'offline' || reason === 'clock-skew' || reason === 'version',
  );
  const unnamed = agents.total - agents.live - behind.filter(({ live }) => !live).length;
  return [
    ...(now - reportedAt > REPORT_STALE_MS
      ? [{ datacenter, reason: 'unreported', detail: `it was last heard ${iso(reportedAt)}` } as const]
      : []),
    ...behind.map(({ node, reason, detail }) => ({ datacenter, node, reason, detail })),
    ...(unnamed > 0
      ? [{ datacenter, node: UNNAMED_AGENTS, reason: 'offline', detail: `${unnamed} more agents are offline` } as const]
      : []),
  ];
};

const notVouched = ({ cannotBecause }: ProviderTrial): string =>
  `the provider cannot vouch for the next root${cannotBecause === undefined ? '' : `: ${cannotBecause}`}`;

/** What the authority itself has against it. */
const authorityBlockers = (parts: PlanParts): Blocker[] => {
  const { intent, trial, leafTtlMs, rootNotAfter, now, datacenters } = parts;
  const datacenter = datacenters.find(({ isPrimary }) => isPrimary)?.datacenter ?? '';
  return [
    ...(intent.reason === 'compromise' && parts.deniedKeysFull === true ? [deniedKeysFull(datacenter)] : []),
    ...trial.faults.map((detail) => ({ datacenter, reason: 'provider', detail: detail.slice(0, 1_024) }) as const),
    ...(intent.crossSign && !trial.canCrossSign
      ? [{ datacenter, reason: 'no-cross-sign', detail: notVouched(trial).slice(0, 1_024) } as const]
      : []),
    ...(intent.key === undefined && now + leafTtlMs > rootNotAfter
      ? [
          {
            datacenter,
            reason: 'leaf-outlives-root',
            detail: `a leaf of full length would end after the present root, which ends ${iso(rootNotAfter)}`,
          } as const,
        ]
      : []),
  ];
};
