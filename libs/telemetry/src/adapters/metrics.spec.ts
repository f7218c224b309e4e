import { BanyanError, epochMs } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { CONSUL_NAMES } from '../domain/consul-names.js';
import { METRICS } from '../domain/metric-catalogue.js';
import { complaintAbout, type MetricDescription } from '../domain/metric-description.js';
import { NODE_METRICS } from '../domain/node-metrics.js';
import { createMetrics } from './metrics.js';

const codeOf = (action: () => unknown): string | undefined => {
  try {
    action();
  } catch (error) {
    if (error instanceof BanyanError) return error.code;
  }
  return undefined;
};

const NOW = epochMs(1_700_000_000_000);

describe('createMetrics', () => {
  it('prints declared metrics and Node’s event loop delay with the labels of the process', async () => {
    const metrics = createMetrics({ process: 'server', labels: { datacenter: 'dc1' } });
    metrics.counter('banyan_csr_served_total').inc({ kind: 'service' }, 2);
    metrics.gauge('banyan_watches').set(7);
    metrics.histogram('banyan_http_request_seconds').observe(0.002);
    const text = await metrics.text();
    expect(text).toContain('banyan_csr_served_total{kind="service",datacenter="dc1"} 2');
    expect(text).toContain('banyan_watches{datacenter="dc1"} 7');
    expect(text).toContain('banyan_http_request_seconds_bucket{le="0.0025",datacenter="dc1"} 1');
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(text).not.toContain('consul_');
    expect(metrics.contentType).toContain('text/plain');
  });

  it('refuses a second declaration, and what is of another kind of process', () => {
    const metrics = createMetrics({ process: 'agent' });
    metrics.gauge('banyan_cache_entries');
    expect(codeOf(() => metrics.gauge('banyan_cache_entries'))).toBe('INTERNAL');
    expect(codeOf(() => metrics.gauge('banyan_lease_held'))).toBe('INTERNAL');
  });

  it('shows Consul’s names when asked, times as seconds from now, and none that has no value', async () => {
    const metrics = createMetrics({ process: 'server', consulNames: { now: () => NOW } });
    const expiry = metrics.gauge('banyan_ca_root_expiry_timestamp_seconds');
    metrics.gauge('banyan_ca_intermediate_expiry_timestamp_seconds');
    const ready = metrics.gauge('banyan_replication_ready');
    expiry.set(NOW / 1_000 + 3_600);
    ready.set({ stream: 'roots', state: 'READY' }, 1);
    ready.set({ stream: 'tokens', state: 'DEGRADED' }, 0);
    const first = await metrics.text();
    expect(first).toContain('\nconsul_mesh_active_root_ca_expiry 3600\n');
    expect(first).toContain('\nconsul_leader_replication_acl_tokens_status 0\n');
    expect(first).not.toContain('consul_leader_replication_config_entries_status');
    expect(first).not.toContain('consul_mesh_active_signing_ca_expiry');
    expiry.set(NOW / 1_000 + 60);
    expect(await metrics.text()).toContain('\nconsul_mesh_active_root_ca_expiry 60\n');
  });
});

describe('the catalogue', () => {
  const described = Object.entries(METRICS) as [string, MetricDescription][];

  it('keeps to base units and suffixes', () => {
    expect(described.length).toBeGreaterThan(80);
    expect(described.flatMap(([name, one]) => complaintAbout(name, one) ?? [])).toEqual([]);
  });

  it('would not take a name that breaks the rules', () => {
    const gauge: MetricDescription = { kind: 'gauge', help: 'x.', of: ['server'] };
    expect(complaintAbout('leaves', gauge)).toMatch(/not named banyan_/);
    expect(complaintAbout('banyan_leaves_total', gauge)).toMatch(/no counter/);
    expect(complaintAbout('banyan_leaves', { ...gauge, kind: 'counter' })).toMatch(/must end in _total/);
    expect(complaintAbout('banyan_sign_ms', gauge)).toMatch(/base unit/);
    expect(complaintAbout('banyan_leaves', { ...gauge, labels: ['le'] })).toMatch(/label/);
    expect(complaintAbout('banyan_leaves', { ...gauge, help: 'x' })).toMatch(/sentence/);
  });

  it('describes what prom-client tells of Node, and takes Consul’s names from what is there', async () => {
    const text = await createMetrics({ process: 'sidecar' }).text();
    const exposed = [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name!);
    expect(exposed.length).toBeGreaterThan(15);
    expect(exposed.filter((name) => !(name in NODE_METRICS))).toEqual([]);
    expect(CONSUL_NAMES.filter(({ from }) => !(from in METRICS))).toEqual([]);
  });
});
