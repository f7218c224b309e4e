import { METRICS, NODE_METRICS } from '@banyan/telemetry';
import { describe, expect } from '@jest/globals';
import { eventually } from '../e2e/harness/eventually.js';
import { callHttp } from '../e2e/harness/http-call.js';
import type { Mesh } from '../e2e/harness/mesh.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { type RotationCast, startRotationCast } from '../e2e/harness/rotation-cast.js';
import { panelExpressions, rules, withoutComparison } from './harness/expressions.js';
import { Prometheus, type Sample } from './harness/prometheus.js';

/** Rates need two scrapes, and reports of agents and datacenters come every 3 to 5 s. */
const DATA_LIMIT_MS = 45_000;

type Kind = 'server' | 'agent' | 'sidecar';

const numbersIn = (samples: readonly Sample[]): number[] =>
  samples.map(({ value }) => Number(value[1])).filter((value) => !Number.isNaN(value));

describe('Prometheus and a running federation', () => {
  let cast: RotationCast;
  let prometheus: Prometheus;
  const addresses = (mesh: Mesh): Readonly<Record<Kind, readonly string[]>> => ({
    server: mesh.datacenters.map(({ addresses: own }) => own.serverHttp),
    agent: mesh.datacenters.map(({ addresses: own }) => own.agentHttp),
    sidecar: [cast.web, cast.api].map((service) => service.metricsAddress),
  });

  const suite = meshSuite(
    async (mesh) => {
      cast = await startRotationCast(mesh);
      mesh.shelter({ stop: () => cast.load.stop() });
      const { SecretID } = await mesh.dc1.askServer<{ SecretID: string }>({
        method: 'PUT',
        path: '/v1/acl/token',
        body: { Description: 'Prometheus', Role: { kind: 'operator-read' } },
      });
      mesh.secrets.add('the token of Prometheus', SecretID);
      const { server: servers, agent: agents, sidecar: sidecars } = addresses(mesh);
      prometheus = await Prometheus.start(mesh, { servers, agents, sidecars }, SecretID);
    },
    { serverEnv: { BANYAN_METRICS_CONSUL_NAMES: 'true' } },
  );

  /** Waits until the query has an answer with a number in it. */
  const answered = (where: string, query: string): Promise<void> =>
    eventually(`${where}: ${query} has data`, { limitMs: DATA_LIMIT_MS, everyMs: 500 }, async () => {
      expect(numbersIn(await prometheus.query(query))).not.toEqual([]);
    });

  suite.step('every process is scraped', async () => {
    await eventually('six processes are up', { limitMs: DATA_LIMIT_MS }, async () => {
      expect(numbersIn(await prometheus.query('up{job=~"banyan-.+"}'))).toEqual([1, 1, 1, 1, 1, 1]);
    });
  });

  suite.step('exposes what is described, and nothing else', async (mesh) => {
    for (const [kind, all] of Object.entries(addresses(mesh))) {
      for (const address of all) {
        const { text } = await callHttp(address, { path: '/metrics' });
        const exposed = [...text.matchAll(/^# HELP (\S+)/gm)].map(([, name]) => name!);
        const ours = exposed.filter((name) => !(name in NODE_METRICS) && !name.startsWith('consul_'));
        const described = Object.entries(METRICS).filter(([, { of }]) => (of as readonly string[]).includes(kind));
        expect(ours.toSorted()).toEqual(described.map(([name]) => name).toSorted());
      }
    }
  });

  suite.step(
    'sees what happens: a refused request for a certificate, a denied connection, a held rotation',
    async (mesh) => {
      expect(await mesh.dc1.putIntention('web', 'api', 'deny')).toMatchObject({ status: 200 });
      await eventually('api denies web', { limitMs: DATA_LIMIT_MS }, async () => {
        const denied = await prometheus.query(
          'sum(banyan_proxy_denied_total) > 0 and sum(banyan_authorize_verdicts_total{verdict="denied",reason="intention"}) > 0',
        );
        expect(denied).toHaveLength(1);
      });
      expect(await mesh.dc1.putIntention('web', 'api', 'allow')).toMatchObject({ status: 200 });
      const put = await mesh.dc1.callServer({
        method: 'PUT',
        path: '/v1/connect/ca/configuration',
        body: { Provider: 'consul', Config: { CSRMaxPerSecond: 1 } },
      });
      expect({ status: put.status, text: put.text }).toEqual({ status: 200, text: '' });
      const flood = Array.from({ length: 8 }, (_, at) =>
        mesh.dc1.callAgent({ path: `/v1/agent/connect/ca/leaf/flood-${at}` }),
      );
      await eventually('requests were refused', { limitMs: DATA_LIMIT_MS }, async () => {
        expect(await prometheus.query('sum(banyan_csr_refused_total{code="CSR_RATE_LIMITED"}) > 0')).toHaveLength(1);
      });
      await Promise.all(flood);
      cast.spare.process.freeze();
      const { ID } = await cast.rotations.start();
      await cast.rotations.reaches(ID, 'distribute');
      await eventually('the rotation is seen', { limitMs: DATA_LIMIT_MS }, async () => {
        expect(numbersIn(await prometheus.query('banyan_rotation_phase{phase="distribute"}'))).toEqual([1, 1]);
        expect(numbersIn(await prometheus.query('sum(banyan_rotation_blockers{of="dc2"})'))[0]).toBeGreaterThan(0);
      });
    },
  );

  suite.step(
    'every panel has data',
    async () => {
      const expressions = panelExpressions();
      expect(expressions.length).toBeGreaterThan(80);
      for (const { where, query } of expressions) await answered(where, query);
    },
    120_000,
  );

  suite.step(
    'every rule looks at data, by what it compares, and is loaded',
    async () => {
      expect(rules().length).toBeGreaterThan(30);
      for (const { alert, expr } of rules()) await answered(alert, withoutComparison(expr));
      const loaded = await prometheus.rules();
      expect(rules().map(({ alert }) => [alert, loaded.get(alert)])).toEqual(rules().map(({ alert }) => [alert, 'ok']));
    },
    120_000,
  );

  suite.step('has Consul’s names where they were asked for', async () => {
    const [left] = numbersIn(await prometheus.query('min(consul_mesh_active_root_ca_expiry)'));
    const [end] = numbersIn(await prometheus.query('min(banyan_ca_root_expiry_timestamp_seconds)'));
    expect(Math.abs(left! - (end! - Date.now() / 1_000))).toBeLessThan(30);
    await answered('Consul', 'consul_leader_replication_acl_tokens_status == 1');
    await answered('Consul', 'sum(consul_server_isLeader) == 2');
  });

  suite.step('says what a cut WAN breaks, and that it is whole again', async (mesh) => {
    cast.spare.process.resume();
    await mesh.cutWan('refused');
    await eventually('the cut is an alert', { limitMs: DATA_LIMIT_MS, everyMs: 500 }, async () => {
      expect([...(await prometheus.alerts()).keys()]).toEqual(
        expect.arrayContaining(['BanyanWanLinkDown', 'BanyanCanaryLate']),
      );
    });
    await mesh.healWan();
    await eventually('nothing of it is left', { limitMs: DATA_LIMIT_MS, everyMs: 500 }, async () => {
      expect([...(await prometheus.alerts()).keys()]).not.toEqual(expect.arrayContaining(['BanyanWanLinkDown']));
      expect([...(await prometheus.alerts()).keys()]).not.toEqual(expect.arrayContaining(['BanyanCanaryLate']));
    });
  });
});
