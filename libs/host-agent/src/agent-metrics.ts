import { AuthorizeMeter } from '@banyan/agent-api';
import type { AgentCache, BundleEntry, LeafCache } from '@banyan/agent-cache';
import type { MetricsText } from '@banyan/http-kit';
import type { Verdict } from '@banyan/intentions';
import { type EpochMs, isBanyanError } from '@banyan/kernel';
import {
  type CountedAnswer,
  countUp,
  createMetrics,
  type HealthRegistry,
  httpMetrics,
  lifeUsedRatio,
  type Metrics,
  processMetrics,
} from '@banyan/telemetry';
import type { Heartbeat } from './heartbeat.js';

/** What {@link agentMetrics} are read from. */
export interface AgentMetricsParts {
  readonly datacenter: string;
  readonly node: string;
  readonly version: string;
  readonly consulNames: boolean;
  readonly reads: Pick<AgentCache, 'size' | 'counts' | 'bytes'>;
  readonly leaves: Pick<LeafCache, 'size' | 'counts' | 'summary' | 'certificates'>;
  readonly heartbeat: Pick<Heartbeat, 'skewMs' | 'lastHeardAt'>;
  readonly bundle: Pick<BundleEntry, 'entry'>;
  readonly health: Pick<HealthRegistry, 'report'>;
  readonly chainPem: () => string | undefined;
  readonly now: () => EpochMs;
}

/** The figures of an agent, and where they are told of what happens. */
export interface AgentMetrics {
  readonly text: MetricsText;
  readonly authorize: AuthorizeMeter;
  readonly answered: (answer: CountedAnswer) => void;
}

/** The agent's figures, read from its state whenever they are asked for. */
export const agentMetrics = (parts: AgentMetricsParts): AgentMetrics => {
  const { datacenter, node, now } = parts;
  const metrics = createMetrics({
    process: 'agent',
    labels: { datacenter, node },
    ...(parts.consulNames && { consulNames: { now } }),
  });
  const meter = new CountingMeter(metrics);
  const refreshers: readonly (() => void | Promise<void>)[] = [
    () => meter.refresh(),
    processMetrics(metrics, parts),
    cacheMetrics(metrics, parts),
    leafMetrics(metrics, parts),
    contactMetrics(metrics, parts),
  ];
  return {
    authorize: meter,
    answered: httpMetrics(metrics),
    text: {
      contentType: metrics.contentType,
      text: async () => {
        for (const refresh of refreshers) await refresh();
        return metrics.text();
      },
    },
  };
};

const REASONS = { L4_INTENTION: 'intention', L7_INTENTION: 'l7-intention', DEFAULT_POLICY: 'default' } as const;

/** Every verdict there is; an intention with L7 permissions allows no connection. */
const VERDICTS = [
  ['L4_INTENTION', true],
  ['L4_INTENTION', false],
  ['DEFAULT_POLICY', true],
  ['DEFAULT_POLICY', false],
  ['L7_INTENTION', false],
] as const satisfies readonly (readonly [Verdict['code'], boolean])[];

interface Tally {
  readonly code: Verdict['code'];
  readonly allowed: boolean;
  count: number;
  readonly add: (total: number) => void;
}

/** Verdicts are counted here and added up when somebody scrapes: a labelled counter costs a microsecond each time. */
class CountingMeter extends AuthorizeMeter {
  readonly #seconds;
  readonly #refused;
  readonly #tallies: readonly Tally[];

  constructor(metrics: Metrics) {
    super();
    this.#seconds = metrics.histogram('banyan_authorize_seconds');
    this.#refused = metrics.counter('banyan_authorize_refused_total');
    const verdicts = metrics.counter('banyan_authorize_verdicts_total');
    for (const code of ['PERMISSION_DENIED', 'SERVER_UNREACHABLE']) this.#refused.inc({ code }, 0);
    this.#tallies = VERDICTS.map(([code, allowed]) => {
      const child = verdicts.labels(allowed ? 'allowed' : 'denied', REASONS[code]);
      child.inc(0);
      return { code, allowed, count: 0, add: countUp((amount) => child.inc(amount)) };
    });
  }

  override decided({ allowed, code }: Verdict, elapsedMs: number): void {
    this.#seconds.observe(elapsedMs / 1_000);
    for (const tally of this.#tallies) if (tally.code === code && tally.allowed === allowed) tally.count += 1;
  }

  override refused(error: unknown): void {
    this.#refused.inc({ code: isBanyanError(error) ? error.code : 'INTERNAL' });
  }

  /** Adds up what was decided since the last time. */
  refresh(): void {
    for (const { count, add } of this.#tallies) add(count);
  }
}

/** What this agent follows. */
const cacheMetrics = (metrics: Metrics, { reads }: AgentMetricsParts): (() => void) => {
  const entries = metrics.gauge('banyan_cache_entries');
  const bytes = metrics.gauge('banyan_cache_bytes');
  const [hits, misses, evictions] = (
    ['banyan_cache_hits_total', 'banyan_cache_misses_total', 'banyan_cache_evictions_total'] as const
  ).map((name) => {
    const counter = metrics.counter(name);
    return countUp((amount) => counter.inc(amount));
  });
  return () => {
    entries.set(reads.size);
    bytes.set(reads.bytes);
    hits!(reads.counts.hits);
    misses!(reads.counts.misses);
    evictions!(reads.counts.evictions);
  };
};

/** The leaves this agent keeps, and how it came by them. */
const leafMetrics = (metrics: Metrics, { leaves, now }: AgentMetricsParts): (() => void) => {
  const entries = metrics.gauge('banyan_leaf_entries');
  const byIssuer = metrics.gauge('banyan_agent_leaves');
  const life = metrics.gauge('banyan_leaf_life_used_ratio');
  const expiry = metrics.gauge('banyan_leaf_expiry_timestamp_seconds');
  const limited = metrics.gauge('banyan_leaves_rate_limited');
  const renewals = metrics.counter('banyan_leaf_renewals_total');
  const failures = metrics.counter('banyan_leaf_failures_total');
  for (const reason of ['first', 'renewal', 'rotation', 'taint']) renewals.inc({ reason }, 0);
  for (const code of ['CSR_RATE_LIMITED', 'SERVER_UNREACHABLE']) failures.inc({ code }, 0);
  const counters = new Map<string, (total: number) => void>();
  const countTo = (name: string, add: (amount: number) => void, total: number): void => {
    if (!counters.has(name)) counters.set(name, countUp(add));
    counters.get(name)!(total);
  };
  return () => {
    const { byRoot, rateLimited } = leaves.summary();
    const [usedMost, endsFirst] = extremes(leaves.certificates(), now());
    entries.set(leaves.size);
    limited.set(rateLimited);
    life.set(usedMost);
    expiry.set(endsFirst / 1_000);
    byIssuer.reset();
    for (const [issuer, count] of Object.entries(byRoot)) byIssuer.set({ issuer }, count);
    for (const [reason, total] of leaves.counts.issued)
      countTo(`issued ${reason}`, (amount) => renewals.inc({ reason }, amount), total);
    for (const [code, total] of leaves.counts.failed)
      countTo(`failed ${code}`, (amount) => failures.inc({ code }, amount), total);
  };
};

/** The greatest share of life that is over, and the first end; 0 and 0 without a leaf. */
const extremes = (
  certificates: Iterable<{ readonly notBefore: EpochMs; readonly notAfter: EpochMs }>,
  now: EpochMs,
): [usedMost: number, endsFirst: number] => {
  let usedMost = 0;
  let endsFirst = Infinity;
  for (const certificate of certificates) {
    usedMost = Math.max(usedMost, lifeUsedRatio(certificate, now));
    endsFirst = Math.min(endsFirst, certificate.notAfter);
  }
  return [usedMost, endsFirst === Infinity ? 0 : endsFirst];
};

/** How this agent and its servers hear of each other. */
const contactMetrics = (metrics: Metrics, { heartbeat, bundle, now }: AgentMetricsParts): (() => void) => {
  const skew = metrics.gauge('banyan_clock_skew_seconds');
  const rootsAge = metrics.gauge('banyan_roots_age_seconds');
  const contactAge = metrics.gauge('banyan_server_contact_age_seconds');
  const startedAt = now();
  return () => {
    skew.set({ of: 'server' }, heartbeat.skewMs / 1_000);
    rootsAge.set(bundle.entry.ageSeconds);
    contactAge.set(Math.max(0, now() - (heartbeat.lastHeardAt ?? startedAt)) / 1_000);
  };
};
