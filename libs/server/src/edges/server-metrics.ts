import type { MetricsText } from '@banyan/http-kit';
import { type CountedAnswer, createMetrics, httpMetrics, type Metrics, processMetrics } from '@banyan/telemetry';
import { type DatacenterCore, VERSION } from '../core/datacenter-core.js';
import { adoptionMetrics } from './adoption-metrics.js';
import { auditMetrics } from './audit-metrics.js';
import { authorityMetrics, ledgerMetrics, signingMetrics } from './authority-metrics.js';
import { federationMetrics } from './federation-metrics.js';
import { replicationMetrics } from './replication-metrics.js';
import type { ServerRole } from './role.js';
import { rotationMetrics } from './rotation-metrics.js';

/** The figures of a server, and the one place where they are told of its HTTP answers. */
export interface ServerMetrics {
  readonly text: MetricsText;
  readonly answered: (answer: CountedAnswer) => void;
}

/** The server's figures, read from its state whenever they are asked for. */
export const serverMetrics = (
  core: DatacenterCore,
  role: Pick<ServerRole, 'replicationDesk' | 'federation'>,
): ServerMetrics => {
  const { clock } = core.ambient;
  const metrics = createMetrics({
    process: 'server',
    labels: { datacenter: core.datacenter },
    ...(core.settings.BANYAN_METRICS_CONSUL_NAMES && { consulNames: { now: () => clock.now() } }),
  });
  const refreshers: readonly (() => void | Promise<void>)[] = [
    processMetrics(metrics, {
      version: VERSION,
      health: core.health,
      chainPem: () => core.identity.rotating.material?.certChainPem,
      now: () => clock.now(),
    }),
    stateMetrics(metrics, core),
    clockMetrics(metrics, core),
    authorityMetrics(metrics, core),
    signingMetrics(metrics, core),
    ledgerMetrics(metrics, core),
    auditMetrics(metrics, core),
    adoptionMetrics(metrics, core),
    rotationMetrics(metrics, core.rotations, () => clock.now()),
    replicationMetrics(metrics, role.replicationDesk, () => clock.now()),
    federationMetrics(metrics, role.federation, () => clock.now()),
  ];
  return {
    answered: httpMetrics(metrics),
    text: {
      contentType: metrics.contentType,
      text: async () => {
        for (const refresh of refreshers) await refresh();
        return metrics.text();
      },
    },
  };
};

/** What this server shows, and what waits for it. */
const stateMetrics = (metrics: Metrics, core: DatacenterCore): (() => void) => {
  const stateIndex = metrics.gauge('banyan_state_index');
  const behind = metrics.gauge('banyan_change_feed_behind_seconds');
  const leaseHeld = metrics.gauge('banyan_lease_held');
  const changes = metrics.counter('banyan_lease_changes_total');
  const watches = metrics.gauge('banyan_watches');
  for (const change of ['acquired', 'lost'] as const) {
    changes.inc({ change }, 0);
    core.onLeaseChange((seen) => {
      if (seen === change) changes.inc({ change });
    });
  }
  return () => {
    const { latest, waiting, behindSince } = core.follower;
    stateIndex.set(latest);
    watches.set(waiting);
    behind.set(behindSince === undefined ? 0 : Math.max(0, core.ambient.clock.now() - behindSince) / 1_000);
    leaseHeld.set(core.fence() === undefined ? 0 : 1);
  };
};

/** How this server's clock stands to others'. */
const clockMetrics = (metrics: Metrics, { clocks }: DatacenterCore): (() => void) => {
  const skew = metrics.gauge('banyan_clock_skew_seconds');
  return () => {
    for (const [source, offsetMs] of clocks.offsets) skew.set({ of: source }, offsetMs / 1_000);
  };
};
