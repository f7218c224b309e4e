import type { RotationReader } from '@banyan/rotation';
import type { Metrics } from '@banyan/telemetry';

const HEALTHS = ['running', 'paused', 'blocked'] as const;
const UNFINISHED = ['prepare', 'distribute', 'activate', 'verify', 'retire', 'rolling-back'] as const;

/**
 * Where the unfinished rotations stand, and who they wait for. Phases and healths that nobody is in are 0, so that an
 * alarm has a value to look at; blockers by datacenter and reason, never by node: the API names those.
 */
export const rotationMetrics = (metrics: Metrics, reader: RotationReader): (() => void) => {
  const phases = metrics.gauge({
    name: 'banyan_rotation_phase',
    help: 'Unfinished rotations of the root by phase; 0 when none is in it.',
    labels: ['phase'],
  });
  const healths = metrics.gauge({
    name: 'banyan_rotation_health',
    help: 'Unfinished rotations of the root by health: running, paused, blocked.',
    labels: ['health'],
  });
  const started = metrics.gauge({
    name: 'banyan_rotation_phase_started_timestamp_seconds',
    help: 'When the oldest unfinished rotation entered its phase; 0 when there is none.',
  });
  const blockers = metrics.gauge({
    name: 'banyan_rotation_blockers',
    help: 'Who stands in the way of the present phase, by datacenter and reason.',
    labels: ['of', 'reason'],
  });
  return () => {
    const unfinished = reader.list().filter(({ rotation }) => rotation.finishedAt === undefined);
    const rotations = unfinished.map(({ rotation }) => rotation);
    for (const phase of UNFINISHED) phases.set({ phase }, rotations.filter((one) => one.phase === phase).length);
    for (const health of HEALTHS) healths.set({ health }, rotations.filter((one) => one.health === health).length);
    const oldest = rotations.at(-1);
    started.set((oldest?.startedAt[oldest.phase] ?? 0) / 1_000);
    blockers.reset();
    for (const { gates, phase } of rotations) {
      for (const { datacenter, reason } of gates[phase]?.blockers ?? []) blockers.inc({ of: datacenter, reason });
    }
  };
};
