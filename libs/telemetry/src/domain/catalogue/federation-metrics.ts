import type { MetricDescriptions } from '../metric-description.js';

/** Datacenters, the ties between them, and what travels over these. */
export const FEDERATION_METRICS = {
  banyan_datacenter_ready: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of', 'state'],
    help: '1 while the datacenter is READY; 0 with the state it is in, as this server knows it.',
  },
  banyan_datacenter_link_up: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of'],
    help: '1 while the other datacenter is heard over the WAN.',
  },
  banyan_datacenter_contact_age_seconds: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of'],
    help: 'Time since the other datacenter was last heard.',
  },
  banyan_datacenter_lag_seconds: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of'],
    help: 'How old what a secondary knows of its primary may be, as this server knows it.',
  },
  banyan_datacenter_intermediate_life_used_ratio: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of'],
    help: 'Share of the life of a datacenter’s intermediate that is over.',
  },
  banyan_datacenter_agents: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of', 'state'],
    help: 'Agents of a datacenter by state: live or silent.',
  },
  banyan_servers: {
    kind: 'gauge',
    of: ['server'],
    labels: ['state'],
    help: 'Servers of this datacenter that were heard within the last hour: alive or silent.',
  },
  banyan_replication_ready: {
    kind: 'gauge',
    of: ['server'],
    labels: ['stream', 'state'],
    help: '1 while the stream is READY; 0 with the state it is in.',
  },
  banyan_replication_lag_seconds: {
    kind: 'gauge',
    of: ['server'],
    labels: ['stream'],
    help: 'How old what this datacenter knows of the stream may be.',
  },
  banyan_replication_lag_index: {
    kind: 'gauge',
    of: ['server'],
    labels: ['stream'],
    help: 'Changes of the primary that are not applied yet.',
  },
  banyan_replication_applied_index: {
    kind: 'gauge',
    of: ['server'],
    labels: ['stream'],
    help: 'Index of the primary up to which the stream is applied.',
  },
  banyan_replication_consecutive_failures: {
    kind: 'gauge',
    of: ['server'],
    labels: ['stream'],
    help: 'Rounds of the stream that failed since the last one that did not.',
  },
  banyan_replication_held_deletions: {
    kind: 'gauge',
    of: ['server'],
    labels: ['stream'],
    help: 'Deletions that wait for a person.',
  },
  banyan_replication_quarantined: {
    kind: 'gauge',
    of: ['server'],
    labels: ['stream'],
    help: 'Records set aside.',
  },
  banyan_replication_alarms: {
    kind: 'gauge',
    of: ['server'],
    labels: ['code'],
    help: 'What a person should look at, by code.',
  },
  banyan_replication_token_allowed: {
    kind: 'gauge',
    of: ['server'],
    labels: ['scope'],
    help: '1 while the replication token of this secondary may do this at its primary.',
  },
  banyan_canary_green: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of'],
    help: '1 while the canary of the primary comes back from the datacenter within its objective.',
  },
  banyan_canary_age_seconds: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of'],
    help: 'Time since the decision engine of the datacenter first answered the newest canary that is known.',
  },
  banyan_canary_round_trip_seconds: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of'],
    help: 'From the writing of the last canary in the primary to the knowledge there that it was answered.',
  },
  banyan_canary_objective_seconds: {
    kind: 'gauge',
    of: ['server'],
    help: 'How long that may take, and how old an answer may be.',
  },
} as const satisfies MetricDescriptions;
