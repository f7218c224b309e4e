import type { CanaryView, ReplicationDesk, ReplicationView } from '@banyan/http-api';
import { type EpochMs, isBanyanError } from '@banyan/kernel';
import type { Metrics } from '@banyan/telemetry';

const SHOWN_ALARMS = ['TWO_PRIMARIES', 'CANARY_LATE'] as const;

/**
 * How every stream from the primary fares, and the round trip of the canary: what `GET /v1/replication` says. The primary
 * has no streams; it shows the canary of every secondary.
 */
export const replicationMetrics = (
  metrics: Metrics,
  desk: ReplicationDesk,
  now: () => EpochMs,
): (() => Promise<void>) => {
  const showStreams = streamMetrics(metrics);
  const showCanaries = canaryMetrics(metrics, now);
  const alarms = metrics.gauge('banyan_replication_alarms');
  const token = metrics.gauge('banyan_replication_token_allowed');
  return async () => {
    const view = await seen(desk);
    alarms.reset();
    // So that an alert has a value to look at before the first.
    for (const code of SHOWN_ALARMS) alarms.set({ code }, 0);
    token.reset();
    showStreams(view?.streams ?? []);
    showCanaries(view);
    for (const { code } of view?.alarms ?? []) alarms.inc({ code });
    for (const { scope, allowed } of view?.token?.scopes ?? []) token.set({ scope }, allowed ? 1 : 0);
  };
};

const streamMetrics = (metrics: Metrics): ((streams: ReplicationView['streams']) => void) => {
  const ready = metrics.gauge('banyan_replication_ready');
  const lag = metrics.gauge('banyan_replication_lag_seconds');
  const index = metrics.gauge('banyan_replication_lag_index');
  const applied = metrics.gauge('banyan_replication_applied_index');
  const failures = metrics.gauge('banyan_replication_consecutive_failures');
  const held = metrics.gauge('banyan_replication_held_deletions');
  const aside = metrics.gauge('banyan_replication_quarantined');
  const all = [ready, lag, index, applied, failures, held, aside];
  return (streams) => {
    for (const gauge of all) gauge.reset();
    for (const stream of streams) {
      const of = { stream: stream.stream };
      ready.set({ ...of, state: stream.state }, stream.state === 'READY' ? 1 : 0);
      if (stream.lagMs !== undefined) lag.set(of, stream.lagMs / 1_000);
      index.set(of, stream.lagIndex);
      applied.set(of, stream.appliedIndex);
      failures.set(of, stream.consecutiveFailures);
      held.set(of, stream.held?.deletions.length ?? 0);
      aside.set(of, stream.quarantined);
    }
  };
};

const canaryMetrics = (metrics: Metrics, now: () => EpochMs): ((view: ReplicationView | undefined) => void) => {
  const green = metrics.gauge('banyan_canary_green');
  const age = metrics.gauge('banyan_canary_age_seconds');
  const roundTrip = metrics.gauge('banyan_canary_round_trip_seconds');
  const objective = metrics.gauge('banyan_canary_objective_seconds');
  return (view) => {
    for (const gauge of [green, age, roundTrip]) gauge.reset();
    if (view === undefined) return;
    objective.set(view.canary.objectiveMs / 1_000);
    for (const [of, canary] of canariesOf(view)) {
      green.set({ of }, canary.state === 'GREEN' ? 1 : 0);
      if (canary.answeredAt !== undefined) age.set({ of }, Math.max(0, now() - canary.answeredAt) / 1_000);
      if (canary.roundTripMs !== undefined) roundTrip.set({ of }, canary.roundTripMs / 1_000);
    }
  };
};

const canariesOf = (view: ReplicationView): readonly (readonly [string, CanaryView])[] => [
  [view.datacenter, view.canary],
  ...(view.secondaries ?? []).map(({ datacenter, canary }) => [datacenter, canary] as const),
];

/** Undefined while the database is away: the other figures are from memory, and they are what is looked at then. */
const seen = async (desk: ReplicationDesk): Promise<ReplicationView | undefined> => {
  try {
    return await desk.view();
  } catch (error) {
    if (!isBanyanError(error, 'STORE_UNREACHABLE')) throw error;
    return undefined;
  }
};
