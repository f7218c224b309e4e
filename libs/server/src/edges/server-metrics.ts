import { MetricsText } from '@banyan/http-kit';
import { remainingRatio } from '@banyan/ca';
import { createMetrics } from '@banyan/telemetry';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { replicationMetrics } from './replication-metrics.js';
import type { ServerRole } from './role.js';
import { rotationMetrics } from './rotation-metrics.js';

type Metrics = ReturnType<typeof createMetrics>;

/** The server's figures, read from its state whenever they are asked for. */
export const serverMetrics = (core: DatacenterCore, role: Pick<ServerRole, 'replicationDesk'>): MetricsText => {
  const metrics = createMetrics({ datacenter: core.datacenter });
  const refreshers = [stateMetrics, authorityMetrics, signingMetrics, ledgerMetrics, clockMetrics].map((each) =>
    each(metrics, core),
  );
  const refreshRotations = rotationMetrics(metrics, core.rotations);
  const refreshReplication = replicationMetrics(metrics, role.replicationDesk);
  return {
    contentType: metrics.contentType,
    text: async () => {
      for (const refresh of refreshers) refresh();
      refreshRotations();
      await refreshReplication();
      return metrics.text();
    },
  };
};

/** What this server shows, and what waits for it. */
const stateMetrics = (metrics: Metrics, core: DatacenterCore): (() => void) => {
  const stateIndex = metrics.gauge({
    name: 'banyan_state_index',
    help: 'Index of the newest committed change this server shows.',
  });
  const leaseHeld = metrics.gauge({
    name: 'banyan_lease_held',
    help: '1 on the server that holds the lease of its datacenter.',
  });
  const watches = metrics.gauge({ name: 'banyan_watches', help: 'Blocking queries that are waiting.' });
  return () => {
    stateIndex.set(core.follower.latest);
    leaseHeld.set(core.fence() === undefined ? 0 : 1);
    watches.set(core.follower.waiting);
  };
};

/** What is trusted and signed under, and how long that lasts. */
const authorityMetrics = (metrics: Metrics, core: DatacenterCore): (() => void) => {
  const rootExpiry = metrics.gauge({
    name: 'banyan_ca_root_expiry_timestamp_seconds',
    help: 'When the root that leaves are signed under ends.',
  });
  const intermediateExpiry = metrics.gauge({
    name: 'banyan_ca_intermediate_expiry_timestamp_seconds',
    help: 'When the signing authority of this datacenter ends.',
  });
  const roots = metrics.gauge({ name: 'banyan_ca_bundle_roots', help: 'Roots in the trust bundle.' });
  const rootRemaining = metrics.gauge({
    name: 'banyan_root_remaining_ratio',
    help: 'Share of the active root’s life that is left; it is renewed at a third.',
  });
  return () => {
    const { active, roots: bundle } = core.ca.state;
    roots.set(bundle.length);
    const root = bundle.find((r) => r.id === active?.rootId);
    if (root !== undefined) rootExpiry.set(root.certificate.notAfter / 1_000);
    if (active !== undefined) intermediateExpiry.set(active.certificate.notAfter / 1_000);
    const { wantedRoot } = core.ca;
    if (wantedRoot === undefined) return;
    rootRemaining.set(remainingRatio(wantedRoot.certificate, core.ambient.clock.now()));
  };
};

/** Leaves that were signed, and requests that were told to wait. */
const signingMetrics = (metrics: Metrics, { leaves: issuer }: DatacenterCore): (() => void) => {
  const leaves = metrics.counter({
    name: 'banyan_leaves_signed_total',
    help: 'Leaf certificates signed by this server.',
  });
  const limited = metrics.counter({
    name: 'banyan_csr_limited_total',
    help: 'Signing requests told to come back later.',
  });
  const rate = metrics.gauge({
    name: 'banyan_signing_rate_leaves',
    help: 'Leaves per second that this server could sign, by what the last ones took.',
  });
  let counted = { signed: 0, limited: 0 };
  return () => {
    const { counts, measuredPerSecond } = issuer;
    leaves.inc(counts.signed - counted.signed);
    limited.inc(counts.limited - counted.limited);
    counted = { ...counts };
    if (measuredPerSecond !== undefined) rate.set(measuredPerSecond);
  };
};

/** How this server's clock stands to others'. */
const clockMetrics = (metrics: Metrics, { clocks }: DatacenterCore): (() => void) => {
  const skew = metrics.gauge({
    name: 'banyan_clock_skew_seconds',
    help: 'How far the clock of this server is ahead of its database and of its primary.',
    labels: ['of'],
  });
  return () => {
    for (const [source, offsetMs] of clocks.offsets) skew.set({ of: source }, offsetMs / 1_000);
  };
};

/** What is written to the ledger, and what a write of it carries. */
const ledgerMetrics = (metrics: Metrics, { ledger }: DatacenterCore): (() => void) => {
  const entries = metrics.counter({
    name: 'banyan_ledger_entries_total',
    help: 'Entries that this server wrote to the issuance ledger.',
  });
  const batches = metrics.counter({
    name: 'banyan_ledger_batches_total',
    help: 'Commits that these entries took: entries by batches is the size of a batch.',
  });
  const failed = metrics.counter({
    name: 'banyan_ledger_failed_total',
    help: 'Entries that could not be written; their certificates were not handed out.',
  });
  const largest = metrics.gauge({
    name: 'banyan_ledger_largest_batch_entries',
    help: 'Entries in the largest batch since this server started.',
  });
  const head = metrics.gauge({
    name: 'banyan_ledger_head',
    help: "Number of the ledger's last entry after this server's last batch.",
  });
  let counted = { entries: 0, batches: 0, failed: 0 };
  return () => {
    const { counts } = ledger;
    entries.inc(counts.entries - counted.entries);
    batches.inc(counts.batches - counted.batches);
    failed.inc(counts.failed - counted.failed);
    counted = { entries: counts.entries, batches: counts.batches, failed: counts.failed };
    largest.set(counts.largestBatch);
    if (ledger.head !== undefined) head.set(ledger.head.seq);
  };
};
