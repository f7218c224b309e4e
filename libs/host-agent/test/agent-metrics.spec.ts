import { BanyanError, epochMs } from '@banyan/kernel';
import { METRICS, NODE_METRICS } from '@banyan/telemetry';
import { describe, expect, it } from '@jest/globals';
import { agentMetrics } from '../src/agent-metrics.js';

const HOUR_MS = 3_600_000;
const NOW = epochMs(1_700_000_000_000);
const certificate = (usedMs: number) => ({
  notBefore: epochMs(NOW - usedMs),
  notAfter: epochMs(NOW - usedMs + 4 * HOUR_MS),
});
const leaves = {
  size: 2,
  counts: { issued: new Map([['renewal', 3]]), failed: new Map([['PERMISSION_DENIED', 2]]) },
  summary: () => ({ byRoot: { 'aa:bb': 2 }, rateLimited: 1 }),
  *certificates() {
    yield* [certificate(HOUR_MS), certificate(3 * HOUR_MS)] as never[];
  },
};

const metrics = agentMetrics({
  datacenter: 'dc1',
  node: 'n1',
  version: '1.2.3',
  consulNames: true,
  reads: { size: 4, bytes: 512, counts: { hits: 9, misses: 3, evictions: 1 } },
  leaves,
  heartbeat: { skewMs: -1_500, lastHeardAt: NOW - 7_000 },
  bundle: { entry: { ageSeconds: 6 } } as never,
  health: { report: () => Promise.resolve({ ok: true, dependencies: [{ name: 'roots', ok: false, reason: 'x' }] }) },
  chainPem: () => undefined,
  now: () => NOW,
});
const OF = 'datacenter="dc1",node="n1"';

describe('the metrics of an agent', () => {
  it('say what it decides, keeps and follows', async () => {
    const { authorize, answered, text } = metrics;
    const decisions = [
      ['L4_INTENTION', true],
      ['L4_INTENTION', true],
      ['L4_INTENTION', false],
      ['L7_INTENTION', false],
      ['DEFAULT_POLICY', false],
    ] as const;
    for (const [code, allowed] of decisions) authorize.decided({ code, allowed, reason: '' }, 0.02);
    authorize.refused(new BanyanError('PERMISSION_DENIED', 'no'));
    authorize.refused(new Error('defect'));
    answered({ status: 200, elapsedMs: 3, waited: false });
    answered({ status: 503, elapsedMs: 60_000, waited: true });
    await text.text();
    const shown = await text.text();
    for (const sample of [
      `banyan_authorize_verdicts_total{verdict="allowed",reason="intention",${OF}} 2`,
      `banyan_authorize_verdicts_total{verdict="denied",reason="intention",${OF}} 1`,
      `banyan_authorize_verdicts_total{verdict="denied",reason="l7-intention",${OF}} 1`,
      `banyan_authorize_verdicts_total{verdict="denied",reason="default",${OF}} 1`,
      `banyan_authorize_verdicts_total{verdict="allowed",reason="default",${OF}} 0`,
      `banyan_authorize_seconds_bucket{le="0.00001",${OF}} 0`,
      `banyan_authorize_seconds_bucket{le="0.000025",${OF}} 5`,
      `banyan_authorize_refused_total{code="PERMISSION_DENIED",${OF}} 1`,
      `banyan_authorize_refused_total{code="INTERNAL",${OF}} 1`,
      `banyan_cache_hits_total{${OF}} 9`,
      `banyan_cache_misses_total{${OF}} 3`,
      `banyan_cache_evictions_total{${OF}} 1`,
      `banyan_cache_bytes{${OF}} 512`,
      `banyan_leaf_life_used_ratio{${OF}} 0.75`,
      `banyan_leaf_expiry_timestamp_seconds{${OF}} ${(NOW + HOUR_MS) / 1_000}`,
      `consul_leaf_certs_cert_expiry{${OF}} 3600`,
      `banyan_leaf_renewals_total{reason="renewal",${OF}} 3`,
      `banyan_leaf_failures_total{code="PERMISSION_DENIED",${OF}} 2`,
      `banyan_leaves_rate_limited{${OF}} 1`,
      `banyan_agent_leaves{issuer="aa:bb",${OF}} 2`,
      `banyan_clock_skew_seconds{of="server",${OF}} -1.5`,
      `banyan_server_contact_age_seconds{${OF}} 7`,
      `banyan_roots_age_seconds{${OF}} 6`,
      `banyan_dependency_ready{dependency="roots",${OF}} 0`,
      `banyan_http_answers_total{status="2xx",${OF}} 1`,
      `banyan_http_answers_total{status="5xx",${OF}} 1`,
      `banyan_http_request_seconds_count{${OF}} 1`,
    ]) {
      expect(shown).toContain(sample);
    }
    const exposed = [...shown.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name!);
    const ours = exposed.filter((name) => !(name in NODE_METRICS) && !name.startsWith('consul_'));
    const described = Object.entries(METRICS).filter(([, { of }]) => (of as readonly string[]).includes('agent'));
    expect(ours.toSorted()).toEqual(described.map(([name]) => name).toSorted());
  });
});
