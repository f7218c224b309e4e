import { crossSignedPath } from '@banyan/ca';
import { countUp, lifeUsedRatio, type Metrics } from '@banyan/telemetry';
import type { DatacenterCore } from '../core/datacenter-core.js';

/** What is trusted and signed under, and how long that lasts. */
export const authorityMetrics = (metrics: Metrics, core: DatacenterCore): (() => void) => {
  const rootExpiry = metrics.gauge('banyan_ca_root_expiry_timestamp_seconds');
  const rootLife = metrics.gauge('banyan_ca_root_life_used_ratio');
  const expiry = metrics.gauge('banyan_ca_intermediate_expiry_timestamp_seconds');
  const life = metrics.gauge('banyan_ca_intermediate_life_used_ratio');
  const chain = metrics.gauge('banyan_ca_chain_bytes');
  const inBundle = metrics.gauge('banyan_ca_bundle_roots');
  const tainted = metrics.gauge('banyan_ca_tainted_roots');
  return () => {
    const { active, roots } = core.ca.state;
    const now = core.ambient.clock.now();
    inBundle.set(roots.length);
    tainted.set(roots.filter(({ taintedAt }) => taintedAt !== undefined).length);
    const wanted = core.ca.wantedRoot;
    if (wanted !== undefined) rootLife.set(lifeUsedRatio(wanted.certificate, now));
    if (active === undefined) return;
    const root = roots.find(({ id }) => id === active.rootId);
    if (root !== undefined) rootExpiry.set(root.certificate.notAfter / 1_000);
    expiry.set(active.certificate.notAfter / 1_000);
    life.set(lifeUsedRatio(active.certificate, now));
    const carried = [active.certificate, ...(root === undefined ? [] : crossSignedPath(root, roots))];
    chain.set(carried.reduce((sum, { der }) => sum + der.length, 0));
  };
};

/** Requests for certificates, and how many this server could sign. */
export const signingMetrics = (metrics: Metrics, { leaves }: DatacenterCore): (() => void) => {
  const offered = metrics.counter('banyan_csr_offered_total');
  const served = metrics.counter('banyan_csr_served_total');
  const refused = metrics.counter('banyan_csr_refused_total');
  const capacity = metrics.gauge('banyan_signing_capacity_per_second');
  const counters = new Map<string, (total: number) => void>();
  const count = (key: string, add: (amount: number) => void, total: number): void => {
    if (!counters.has(key)) {
      add(0);
      counters.set(key, countUp(add));
    }
    counters.get(key)!(total);
  };
  return () => {
    const { counts } = leaves.tally;
    count('offered', (amount) => offered.inc(amount), counts.offered);
    for (const [kind, total] of counts.served) count(kind, (amount) => served.inc({ kind }, amount), total);
    for (const [code, total] of counts.refused) count(code, (amount) => refused.inc({ code }, amount), total);
    const { measuredPerSecond } = leaves;
    if (measuredPerSecond !== undefined) capacity.set(measuredPerSecond);
  };
};

/** What is written to the ledger, and what a write of it carries. */
export const ledgerMetrics = (metrics: Metrics, { ledger }: DatacenterCore): (() => void) => {
  const entries = metrics.counter('banyan_ledger_entries_total');
  const batches = metrics.counter('banyan_ledger_batches_total');
  const failed = metrics.counter('banyan_ledger_failed_total');
  const largest = metrics.gauge('banyan_ledger_largest_batch_entries');
  const head = metrics.gauge('banyan_ledger_head');
  const [countEntries, countBatches, countFailed] = [entries, batches, failed].map((counter) =>
    countUp((amount) => counter.inc(amount)),
  );
  return () => {
    const { counts } = ledger;
    countEntries!(counts.entries);
    countBatches!(counts.batches);
    countFailed!(counts.failed);
    largest.set(counts.largestBatch);
    if (ledger.head !== undefined) head.set(ledger.head.seq);
  };
};
