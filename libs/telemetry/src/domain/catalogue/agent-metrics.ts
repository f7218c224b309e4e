import type { MetricDescriptions } from '../metric-description.js';

/** A decision from memory takes microseconds; one that waits for the servers up to seconds. */
const DECISION_BUCKETS_SECONDS = [
  0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.005, 0.05, 0.5, 5,
];

/** What an agent decides, keeps and follows. */
export const AGENT_METRICS = {
  banyan_authorize_seconds: {
    kind: 'histogram',
    of: ['agent'],
    buckets: DECISION_BUCKETS_SECONDS,
    help: 'How long a decision about a connection took, without reading the request and writing the answer.',
  },
  banyan_authorize_verdicts_total: {
    kind: 'counter',
    of: ['agent'],
    labels: ['verdict', 'reason'],
    help: 'Decisions about connections: allowed or denied, by an intention or because none matched (default).',
  },
  banyan_authorize_refused_total: {
    kind: 'counter',
    of: ['agent'],
    labels: ['code'],
    help: 'Questions about connections that were not answered, by error code.',
  },
  banyan_cache_entries: { kind: 'gauge', of: ['agent'], help: 'Reads that this agent follows.' },
  banyan_cache_bytes: { kind: 'gauge', of: ['agent'], help: 'Size of the answers that these reads hold.' },
  banyan_cache_hits_total: {
    kind: 'counter',
    of: ['agent'],
    help: 'Reads that found their answer in memory.',
  },
  banyan_cache_misses_total: {
    kind: 'counter',
    of: ['agent'],
    help: 'Reads that had to wait for the servers.',
  },
  banyan_cache_evictions_total: {
    kind: 'counter',
    of: ['agent'],
    help: 'Reads that are no longer followed, as nobody used them or there were too many.',
  },
  banyan_leaf_entries: { kind: 'gauge', of: ['agent'], help: 'Services whose leaf this agent keeps.' },
  banyan_agent_leaves: {
    kind: 'gauge',
    of: ['agent'],
    labels: ['issuer'],
    help: 'Live leaves that this agent keeps, by the ID of the root above them.',
  },
  banyan_leaf_life_used_ratio: {
    kind: 'gauge',
    of: ['agent'],
    help: 'Share of its life that is over, of the leaf of which most is; leaves are renewed between 0.45 and 0.6.',
  },
  banyan_leaf_expiry_timestamp_seconds: {
    kind: 'gauge',
    of: ['agent'],
    help: 'When the first of the leaves that this agent keeps ends.',
  },
  banyan_leaf_renewals_total: {
    kind: 'counter',
    of: ['agent'],
    labels: ['reason'],
    help: 'Leaves that were signed for this agent, by why they were asked for.',
  },
  banyan_leaf_failures_total: {
    kind: 'counter',
    of: ['agent'],
    labels: ['code'],
    help: 'Attempts to have a leaf signed that failed, by error code.',
  },
  banyan_leaves_rate_limited: {
    kind: 'gauge',
    of: ['agent'],
    help: 'Renewals that wait because the servers said so.',
  },
  banyan_roots_age_seconds: {
    kind: 'gauge',
    of: ['agent'],
    help: 'Time since the servers were last heard for the roots; 0 while they are.',
  },
  banyan_server_contact_age_seconds: {
    kind: 'gauge',
    of: ['agent'],
    help: 'Time since a server last answered a heartbeat of this agent.',
  },
} as const satisfies MetricDescriptions;
