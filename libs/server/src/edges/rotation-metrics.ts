import type { EpochMs } from '@banyan/kernel';
import type { Rotation, RotationReader } from '@banyan/rotation';
import type { Metrics } from '@banyan/telemetry';

const HEALTHS = ['running', 'paused', 'blocked'] as const;
const UNFINISHED = ['prepare', 'distribute', 'activate', 'verify', 'retire', 'rolling-back'] as const;

/**
 * Where the unfinished rotations stand, and who they wait for. Phases and healths that nobody is in are 0, so that an
 * alarm has a value to look at; blockers by datacenter and reason, never by node: the API names those.
 */
export const rotationMetrics = (metrics: Metrics, reader: RotationReader, now: () => EpochMs): (() => void) => {
  const phases = metrics.gauge('banyan_rotation_phase');
  const healths = metrics.gauge('banyan_rotation_health');
  const started = metrics.gauge('banyan_rotation_phase_started_timestamp_seconds');
  const remaining = metrics.gauge('banyan_rotation_remaining_seconds');
  const blockers = metrics.gauge('banyan_rotation_blockers');
  const agents = metrics.gauge('banyan_rotation_agents');
  const leaves = metrics.gauge('banyan_rotation_leaves');
  const shadow = metrics.gauge('banyan_rotation_shadow_failures');
  const byDatacenter = [blockers, agents, leaves, shadow];
  const showDatacenters = ({ gates, phase, datacenters }: Rotation): void => {
    for (const { datacenter, reason } of gates[phase]?.blockers ?? []) blockers.inc({ of: datacenter, reason });
    for (const { datacenter: of, agents: seen, ledgerLeaves, shadow: compared } of datacenters) {
      agents.inc({ of, state: 'trusting' }, seen.trusting);
      agents.inc({ of, state: 'waiting' }, Math.max(0, seen.live - seen.trusting));
      agents.inc({ of, state: 'silent' }, Math.max(0, seen.total - seen.live));
      leaves.inc({ of, state: 'staying' }, ledgerLeaves.staying);
      leaves.inc({ of, state: 'leaving' }, ledgerLeaves.leaving);
      shadow.inc({ of }, compared.failed);
    }
  };
  return () => {
    const unfinished = reader.list().filter(({ rotation }) => rotation.finishedAt === undefined);
    const rotations = unfinished.map(({ rotation }) => rotation);
    for (const phase of UNFINISHED) phases.set({ phase }, rotations.filter((one) => one.phase === phase).length);
    for (const health of HEALTHS) healths.set({ health }, rotations.filter((one) => one.health === health).length);
    const oldest = rotations.at(-1);
    started.set((oldest?.startedAt[oldest.phase] ?? 0) / 1_000);
    remaining.set(Math.max(0, ...rotations.map((rotation) => remainingSeconds(rotation, now()))));
    for (const gauge of byDatacenter) gauge.reset();
    rotations.forEach(showDatacenters);
  };
};

/**
 * Until the present phase could be passed: what its gate waits for by the clock, or, while leaves have to move, how long
 * the slowest datacenter takes for them at the rate that the plan measured. Datacenters work at the same time.
 */
export const remainingSeconds = ({ gates, phase, datacenters, plan }: Rotation, now: EpochMs): number => {
  const waitsUntil = gates[phase]?.waitsUntil;
  const byClock = waitsUntil === undefined ? 0 : (waitsUntil - now) / 1_000;
  const leavesMove = phase === 'prepare' || phase === 'distribute' || phase === 'activate' || phase === 'rolling-back';
  const moving = datacenters.map(({ datacenter, leaves, ledgerLeaves }) => {
    const rate = plan.datacenters.find((planned) => planned.datacenter === datacenter)?.perSecond;
    const left = Math.max(leaves.leaving, ledgerLeaves.leaving);
    return rate === undefined || rate <= 0 || !leavesMove ? 0 : left / rate;
  });
  return Math.max(0, byClock, ...moving);
};
