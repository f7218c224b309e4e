import type { MetricDescriptions } from '../metric-description.js';

/** What every process, or both servers and agents, say of themselves. */
export const PROCESS_METRICS = {
  banyan_build_info: {
    kind: 'gauge',
    of: ['server', 'agent', 'sidecar'],
    labels: ['version'],
    help: 'Always 1; the label is the version of banyan.',
  },
  banyan_dependency_ready: {
    kind: 'gauge',
    of: ['server', 'agent'],
    labels: ['dependency'],
    help: '1 while what this process needs is well, by its name on /readyz.',
  },
  banyan_identity_expiry_timestamp_seconds: {
    kind: 'gauge',
    of: ['server', 'agent'],
    help: 'When the certificate of this process itself ends.',
  },
  banyan_identity_life_used_ratio: {
    kind: 'gauge',
    of: ['server', 'agent'],
    help: 'Share of the life of this process’s own certificate that is over; renewed between 0.45 and 0.6.',
  },
  banyan_clock_skew_seconds: {
    kind: 'gauge',
    of: ['server', 'agent'],
    labels: ['of'],
    help: 'How far the clock of this process is ahead of its database and its primary; of an agent, of its servers.',
  },
  banyan_http_answers_total: {
    kind: 'counter',
    of: ['server', 'agent'],
    labels: ['status'],
    help: 'HTTP requests that were answered, by class of status; without authorize, which has figures of its own.',
  },
  banyan_http_request_seconds: {
    kind: 'histogram',
    of: ['server', 'agent'],
    help: 'How long HTTP requests took that do not wait for a change.',
  },
} as const satisfies MetricDescriptions;

/** What a server shows, and what waits for it. */
export const SERVER_METRICS = {
  banyan_state_index: {
    kind: 'gauge',
    of: ['server'],
    help: 'Index of the newest committed change this server shows.',
  },
  banyan_change_feed_behind_seconds: {
    kind: 'gauge',
    of: ['server'],
    help: 'Time since this server could last read changes from its database; 0 while it can.',
  },
  banyan_lease_held: {
    kind: 'gauge',
    of: ['server'],
    help: '1 on the server that holds the lease of its datacenter.',
  },
  banyan_lease_changes_total: {
    kind: 'counter',
    of: ['server'],
    labels: ['change'],
    help: 'How often this server has acquired the lease of its datacenter, and lost it.',
  },
  banyan_watches: { kind: 'gauge', of: ['server'], help: 'Blocking queries that are waiting.' },
} as const satisfies MetricDescriptions;
