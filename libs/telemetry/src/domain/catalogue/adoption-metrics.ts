import type { MetricDescriptions } from '../metric-description.js';

/** Agents of a datacenter, and the rotation that waits for them. */
export const ADOPTION_METRICS = {
  banyan_agents: {
    kind: 'gauge',
    of: ['server'],
    labels: ['state'],
    help: 'Agents of this datacenter by state: live, or silent for longer than the limit.',
  },
  banyan_agents_by_version: {
    kind: 'gauge',
    of: ['server'],
    labels: ['version'],
    help: 'Live agents of this datacenter by the version they run.',
  },
  banyan_agents_trusting: {
    kind: 'gauge',
    of: ['server'],
    labels: ['root'],
    help: 'Live agents that verify with the root with this ID, all their sidecars included.',
  },
  banyan_agents_behind: {
    kind: 'gauge',
    of: ['server'],
    labels: ['reason'],
    help: 'Agents that have not done what the bundle asks for, by reason; at most 100 are counted.',
  },
  banyan_shadow_checked_handshakes: {
    kind: 'gauge',
    of: ['server'],
    help: 'Handshakes that were verified a second time against the root that is to stay, since it is compared with.',
  },
  banyan_shadow_failed_handshakes: {
    kind: 'gauge',
    of: ['server'],
    help: 'Of those: handshakes that still needed the root that is to go.',
  },
  banyan_rotation_phase: {
    kind: 'gauge',
    of: ['server'],
    labels: ['phase'],
    help: "Unfinished rotations, of the root and of datacenters' keys, by phase; 0 when none is in it.",
  },
  banyan_rotation_health: {
    kind: 'gauge',
    of: ['server'],
    labels: ['health'],
    help: "Unfinished rotations, of the root and of datacenters' keys, by health: running, paused, blocked.",
  },
  banyan_rotation_phase_started_timestamp_seconds: {
    kind: 'gauge',
    of: ['server'],
    help: 'When the oldest unfinished rotation entered its phase; 0 when there is none.',
  },
  banyan_rotation_blockers: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of', 'reason'],
    help: 'Who stands in the way of the present phase, by datacenter and reason; the API names the nodes.',
  },
  banyan_rotation_remaining_seconds: {
    kind: 'gauge',
    of: ['server'],
    help: 'Time until the unfinished rotations could have passed their present phase, by what is left to move and to wait for; 0 when there is none.',
  },
  banyan_rotation_agents: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of', 'state'],
    help: 'Agents of each datacenter in the unfinished rotations: trusting the root that is to stay, waiting, or silent.',
  },
  banyan_rotation_leaves: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of', 'state'],
    help: 'Live leaves of each datacenter in the unfinished rotations, by the ledger: staying, or leaving with their issuer.',
  },
  banyan_rotation_shadow_failures: {
    kind: 'gauge',
    of: ['server'],
    labels: ['of'],
    help: 'Handshakes of each datacenter that still needed what the unfinished rotations take away.',
  },
} as const satisfies MetricDescriptions;
