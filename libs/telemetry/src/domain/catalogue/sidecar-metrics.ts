import type { MetricDescriptions } from '../metric-description.js';

/** What passes through a sidecar, and what does not. */
export const SIDECAR_METRICS = {
  banyan_proxy_handshakes_total: {
    kind: 'counter',
    of: ['sidecar'],
    labels: ['direction', 'result'],
    help: 'Mutual-TLS handshakes: inbound or outbound, ok or failed.',
  },
  banyan_proxy_denied_total: {
    kind: 'counter',
    of: ['sidecar'],
    help: 'Incoming connections that were refused or cut by the identity check or by an intention.',
  },
  banyan_proxy_unserved_total: {
    kind: 'counter',
    of: ['sidecar'],
    help: 'Connections of the workload that no endpoint took.',
  },
  banyan_proxy_connections: {
    kind: 'gauge',
    of: ['sidecar'],
    labels: ['direction'],
    help: 'Connections that are open.',
  },
  banyan_proxy_shadow_checks_total: {
    kind: 'counter',
    of: ['sidecar'],
    labels: ['result'],
    help: 'Handshakes that were verified a second time, against the active root alone: ok or failed.',
  },
  banyan_proxy_probes_total: {
    kind: 'counter',
    of: ['sidecar'],
    labels: ['result'],
    help: 'Handshakes opened only to look at an idle edge: sent, failed of those, received.',
  },
  banyan_proxy_cut_tainted_total: {
    kind: 'counter',
    of: ['sidecar'],
    help: 'Live connections that were cut since their peer stood only under a compromised root.',
  },
} as const satisfies MetricDescriptions;
