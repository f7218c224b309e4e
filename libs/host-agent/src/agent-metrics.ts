import type { AgentCache, BundleEntry, LeafCache } from '@banyan/agent-cache';
import type { MetricsText } from '@banyan/http-kit';
import { createMetrics } from '@banyan/telemetry';
import type { Heartbeat } from './heartbeat.js';

/** What {@link agentMetrics} are read from. */
export interface AgentMetricsParts {
  readonly datacenter: string;
  readonly node: string;
  readonly reads: Pick<AgentCache, 'size'>;
  readonly leaves: Pick<LeafCache, 'size'>;
  readonly heartbeat: Pick<Heartbeat, 'skewMs'>;
  readonly bundle: Pick<BundleEntry, 'entry'>;
}

/** The agent's figures, read from its state whenever they are asked for. */
export const agentMetrics = ({ datacenter, node, ...parts }: AgentMetricsParts): MetricsText => {
  const metrics = createMetrics({ datacenter, node });
  const entries = metrics.gauge({ name: 'banyan_cache_entries', help: 'Reads that this agent follows.' });
  const leaves = metrics.gauge({ name: 'banyan_leaf_entries', help: 'Services whose leaf this agent keeps.' });
  const skew = metrics.gauge({
    name: 'banyan_clock_skew_seconds',
    help: 'How far our clock is ahead of the server.',
  });
  const age = metrics.gauge({
    name: 'banyan_roots_age_seconds',
    help: 'Time since the servers were last heard for the roots; 0 while they are.',
  });
  return {
    contentType: metrics.contentType,
    text: () => {
      entries.set(parts.reads.size);
      leaves.set(parts.leaves.size);
      skew.set(parts.heartbeat.skewMs / 1_000);
      age.set(parts.bundle.entry.ageSeconds);
      return metrics.text();
    },
  };
};
