import { MetricsText } from '@banyan/http-kit';
import { createMetrics } from '@banyan/telemetry';
import type { DatacenterCore } from '../core/datacenter-core.js';

/** The server's figures, read from its state whenever they are asked for. */
export const serverMetrics = (core: DatacenterCore): MetricsText => {
  const metrics = createMetrics({ datacenter: core.datacenter });
  const stateIndex = metrics.gauge({
    name: 'banyan_state_index',
    help: 'Index of the newest committed change this server shows.',
  });
  const rootExpiry = metrics.gauge({
    name: 'banyan_ca_root_expiry_timestamp_seconds',
    help: 'When the root that leaves are signed under ends.',
  });
  const intermediateExpiry = metrics.gauge({
    name: 'banyan_ca_intermediate_expiry_timestamp_seconds',
    help: 'When the signing authority of this datacenter ends.',
  });
  const roots = metrics.gauge({ name: 'banyan_ca_bundle_roots', help: 'Roots in the trust bundle.' });
  const leaseHeld = metrics.gauge({
    name: 'banyan_lease_held',
    help: '1 on the server that holds the lease of its datacenter.',
  });
  const watches = metrics.gauge({ name: 'banyan_watches', help: 'Blocking queries that are waiting.' });
  const leaves = metrics.counter({
    name: 'banyan_leaves_signed_total',
    help: 'Leaf certificates signed by this server.',
  });
  const limited = metrics.counter({
    name: 'banyan_csr_limited_total',
    help: 'Signing requests told to come back later.',
  });
  let counted = { signed: 0, limited: 0 };
  const refresh = (): void => {
    const { active, roots: bundle } = core.ca.state;
    stateIndex.set(core.follower.latest);
    roots.set(bundle.length);
    leaseHeld.set(core.fence() === undefined ? 0 : 1);
    watches.set(core.follower.waiting);
    const root = bundle.find((r) => r.id === active?.rootId);
    if (root !== undefined) rootExpiry.set(root.certificate.notAfter / 1_000);
    if (active !== undefined) intermediateExpiry.set(active.certificate.notAfter / 1_000);
    const { counts } = core.leaves;
    leaves.inc(counts.signed - counted.signed);
    limited.inc(counts.limited - counted.limited);
    counted = { ...counts };
  };
  return {
    contentType: metrics.contentType,
    text: () => {
      refresh();
      return metrics.text();
    },
  };
};
