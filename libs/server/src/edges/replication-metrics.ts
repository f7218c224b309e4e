import type { CanaryView, ReplicationDesk, ReplicationView } from '@banyan/http-api';
import { isBanyanError } from '@banyan/kernel';
import type { Metrics } from '@banyan/telemetry';

/**
 * How every stream from the primary fares, and the round trip of the canary: what `GET /v1/replication` says. The primary
 * has no streams; it shows the canary of every secondary.
 */
export const replicationMetrics = (metrics: Metrics, desk: ReplicationDesk): (() => Promise<void>) => {
  const labels = ['stream'] as const;
  const ready = metrics.gauge({
    name: 'banyan_replication_ready',
    help: '1 while the stream is READY; 0 with the state it is in.',
    labels: ['stream', 'state'],
  });
  const lag = metrics.gauge({
    name: 'banyan_replication_lag_seconds',
    help: 'How old what this datacenter knows of the stream may be.',
    labels,
  });
  const index = metrics.gauge({
    name: 'banyan_replication_lag_index',
    help: 'Changes of the primary that are not applied yet.',
    labels,
  });
  const held = metrics.gauge({
    name: 'banyan_replication_held_deletions',
    help: 'Deletions that wait for a person.',
    labels,
  });
  const aside = metrics.gauge({ name: 'banyan_replication_quarantined', help: 'Records set aside.', labels });
  const alarms = metrics.gauge({
    name: 'banyan_replication_alarms',
    help: 'What a person should look at, by code.',
    labels: ['code'],
  });
  const green = metrics.gauge({
    name: 'banyan_canary_green',
    help: '1 while the canary of the primary comes back from the datacenter within its objective.',
    labels: ['of'],
  });
  const all = [ready, lag, index, held, aside, alarms, green];
  return async () => {
    const view = await seen(desk);
    for (const gauge of all) gauge.reset();
    if (view === undefined) return;
    for (const stream of view.streams) {
      const of = { stream: stream.stream };
      ready.set({ ...of, state: stream.state }, stream.state === 'READY' ? 1 : 0);
      if (stream.lagMs !== undefined) lag.set(of, stream.lagMs / 1_000);
      index.set(of, stream.lagIndex);
      held.set(of, stream.held?.deletions.length ?? 0);
      aside.set(of, stream.quarantined);
    }
    for (const { code } of view.alarms) alarms.inc({ code });
    for (const [name, canary] of canariesOf(view)) green.set({ of: name }, canary.state === 'GREEN' ? 1 : 0);
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
