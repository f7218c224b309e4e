import type { MetricDescriptions } from '../metric-description.js';

/** Roots, intermediates, leaves, and requests for them. */
export const AUTHORITY_METRICS = {
  banyan_ca_root_expiry_timestamp_seconds: {
    kind: 'gauge',
    of: ['server'],
    help: 'When the root that leaves are signed under ends.',
  },
  banyan_ca_root_life_used_ratio: {
    kind: 'gauge',
    of: ['server'],
    help: 'Share of the active root’s life that is over; it is renewed at two thirds.',
  },
  banyan_ca_intermediate_expiry_timestamp_seconds: {
    kind: 'gauge',
    of: ['server'],
    help: 'When the signing authority of this datacenter ends.',
  },
  banyan_ca_intermediate_life_used_ratio: {
    kind: 'gauge',
    of: ['server'],
    help: 'Share of the life of this datacenter’s intermediate that is over.',
  },
  banyan_ca_chain_bytes: {
    kind: 'gauge',
    of: ['server'],
    help: 'What a leaf carries beside itself: the intermediate and the cross-signed certificates in use, in DER.',
  },
  banyan_ca_bundle_roots: { kind: 'gauge', of: ['server'], help: 'Roots in the trust bundle.' },
  banyan_ca_tainted_roots: {
    kind: 'gauge',
    of: ['server'],
    help: 'Roots in the trust bundle whose key is in wrong hands.',
  },
  banyan_csr_offered_total: {
    kind: 'counter',
    of: ['server'],
    help: 'Requests for a certificate that this server was given.',
  },
  banyan_csr_served_total: {
    kind: 'counter',
    of: ['server'],
    labels: ['kind'],
    help: 'Certificates that this server signed and handed out, by whose they are: service, agent, server.',
  },
  banyan_csr_refused_total: {
    kind: 'counter',
    of: ['server'],
    labels: ['code'],
    help: 'Requests for a certificate that were refused, by error code; CSR_RATE_LIMITED means: come back later.',
  },
  banyan_signing_capacity_per_second: {
    kind: 'gauge',
    of: ['server'],
    help: 'Leaves per second that this server could sign, by what the last ones took.',
  },
  banyan_signing_budget_per_second: {
    kind: 'gauge',
    of: ['server'],
    help: 'Leaves per second that the CSR limits allow the datacenter.',
  },
  banyan_leaves: {
    kind: 'gauge',
    of: ['server'],
    labels: ['issuer'],
    help: 'Live leaves of the datacenter’s workloads by the ID of the root above them, as the agents last reported.',
  },
  banyan_ledger_leaves: {
    kind: 'gauge',
    of: ['server'],
    labels: ['issuer'],
    help: 'Holders whose newest unexpired leaf is under the root with this ID, by the ledger.',
  },
  banyan_leaf_horizon_timestamp_seconds: {
    kind: 'gauge',
    of: ['server'],
    labels: ['issuer'],
    help: 'Until when the last leaf under the root with this ID may live.',
  },
  banyan_ledger_entries_total: {
    kind: 'counter',
    of: ['server'],
    help: 'Entries that this server wrote to the issuance ledger.',
  },
  banyan_ledger_batches_total: {
    kind: 'counter',
    of: ['server'],
    help: 'Commits that these entries took: entries by batches is the size of a batch.',
  },
  banyan_ledger_failed_total: {
    kind: 'counter',
    of: ['server'],
    help: 'Entries that could not be written; their certificates were not handed out.',
  },
  banyan_ledger_largest_batch_entries: {
    kind: 'gauge',
    of: ['server'],
    help: 'Entries in the largest batch since this server started.',
  },
  banyan_ledger_head: {
    kind: 'gauge',
    of: ['server'],
    help: "Number of the ledger's last entry after this server's last batch.",
  },
} as const satisfies MetricDescriptions;
