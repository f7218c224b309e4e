import type { MetricDescriptions } from '../metric-description.js';

/** The audit trail. */
export const AUDIT_METRICS = {
  banyan_audit_entries_total: {
    kind: 'counter',
    of: ['server'],
    labels: ['result'],
    help: 'Entries that this server wrote to the audit trail: ok, denied or failed.',
  },
  banyan_audit_counted_total: {
    kind: 'counter',
    of: ['server'],
    help: 'Refusals that were like many others, and are told by their number in one entry.',
  },
  banyan_audit_lost_total: {
    kind: 'counter',
    of: ['server'],
    help: 'Acts and refusals that could not be recorded.',
  },
  banyan_audit_failing: {
    kind: 'gauge',
    of: ['server'],
    help: '1 while the audit trail is not written, not copied, or was changed by hand; the health says why.',
  },
  banyan_audit_head: {
    kind: 'gauge',
    of: ['server'],
    help: "Number of the newest entry of the datacenter's audit trail that this server wrote.",
  },
} as const satisfies MetricDescriptions;
