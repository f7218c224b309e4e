import { once } from 'node:events';
import { connect, type ConnectionOptions } from 'node:tls';
import type { TestAuthority } from '@banyan/testkit';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { bundle, FAST, type Generations, idOf, KeptReports, NEVER, threeGenerations } from './generations.js';
import { cleanups, workload } from './mesh-of-two.js';
import { ask, endpointOf, eventually, type RunningSidecar, startSidecar, uriOf } from './running-sidecar.js';

let roots: Generations;
beforeAll(async () => {
  roots = await threeGenerations();
});

interface Edge {
  readonly trust: ReturnType<typeof bundle>;
  /** Signs the leaf of api; the first one unless given. */
  readonly apiUnder?: TestAuthority;
  readonly pace?: typeof FAST;
}

/** web in dc1 with api in dc2 as its upstream, over which nothing is ever carried. */
const idleEdge = async ({ trust, apiUnder = roots.first, pace = FAST }: Edge) => {
  const service = await workload();
  const kept = new KeptReports();
  const shared = { trust, reports: kept, probePace: pace };
  const api = await startSidecar(apiUnder, { ...shared, service: 'api', datacenter: 'dc2', localPort: service.port });
  cleanups.push(() => api.proxy.stop());
  const upstream = { destination: 'api', datacenter: 'dc2' };
  const web = await startSidecar(roots.first, { ...shared, service: 'web', datacenter: 'dc1', upstream });
  cleanups.push(() => web.proxy.stop());
  web.source.endpointsOf('api').publish([endpointOf(api, 'dc2')]);
  return { service, api, web, kept };
};

const sent = (web: RunningSidecar): number => web.proxy.counters().probesSent;

describe('a probe of an idle edge', () => {
  it('verifies both peers, is counted on both sides, and reaches neither workload nor intentions', async () => {
    const { first, second } = roots;
    const { service, api, web, kept } = await idleEdge({ trust: bundle(second, first) });
    await eventually('a probe was made and answered', () => api.proxy.counters().probesReceived >= 1);
    await eventually('both sides have told', () =>
      ['api', 'web'].every((who) => (kept.newest.get(`${who}-sidecar-proxy`)?.shadow.probed ?? 0) >= 1),
    );
    const [byApi, byWeb] = ['api', 'web'].map((who) => kept.newest.get(`${who}-sidecar-proxy`)!.shadow);
    expect(byApi).toMatchObject({
      rootId: idOf(second),
      failures: [{ peer: uriOf('web', 'dc1'), direction: 'inbound' }],
    });
    expect(byWeb).toMatchObject({ failures: [{ peer: uriOf('api', 'dc2'), direction: 'outbound' }] });
    for (const shadow of [byApi, byWeb])
      expect(shadow).toMatchObject({ checked: shadow!.probed, failed: shadow!.probed });
    expect([service.connections, api.source.asked]).toEqual([0, []]);
    expect(web.proxy.counters()).toMatchObject({ probesFailed: 0, outboundHandshakes: 0, activeOutbound: 0 });
    await eventually('none stays open', () => api.proxy.counters().activeInbound === 0);
  });

  it('is made again only after the edge was idle for its time, and at once when the active root changes', async () => {
    const { first, second } = roots;
    const pace = { idleAfterMs: 3_600_000, everyMs: 40 };
    const { web } = await idleEdge({ trust: bundle(second, first), pace });
    // Counted, not only sent: one that is under way when the root changes counts for the next root.
    const counted = (): number => web.proxy.counters().shadowChecked;
    await eventually('the first one', () => counted() === 1);
    for (const active of [first, second]) {
      const [before, other] = [counted(), active === first ? second : first];
      web.source.trust.publish(bundle(active, other));
      await eventually('one more', () => counted() === before + 1);
    }
    expect(web.proxy.counters()).toMatchObject({ probesSent: 3, probesFailed: 0 });
  });

  it('is not made over an edge at work, nor while one root is in the bundle', async () => {
    const { first, second } = roots;
    const { web, api } = await idleEdge({ trust: bundle(first) });
    const alone = await idleEdge({ trust: bundle(second, first), pace: { ...NEVER, everyMs: 1 } });
    await eventually('the other edge is looked at once', () => sent(alone.web) === 1);
    expect(await ask(alone.web, 'api', 'work')).toBe('work');
    // Many turns of the other edge's prober pass: it is at work now, and this one compares nothing.
    const seen = alone.kept.count;
    await eventually('time passes', () => alone.kept.count > seen);
    expect([sent(alone.web), sent(web), api.proxy.counters().probesReceived]).toEqual([1, 0, 0]);
    expect(web.proxy.counters().shadowChecked).toBe(0);
  });

  it('tells who does not answer as the service it should be', async () => {
    const { first, second } = roots;
    const { web, api } = await idleEdge({ trust: bundle(second, first), pace: NEVER });
    const impostor = await idleEdge({ trust: bundle(second, first), pace: FAST });
    impostor.web.source.endpointsOf('api').publish([endpointOf(web, 'dc2')]); // web's listener, not api's
    const lines = () => impostor.web.logger.of('probe of an idle edge failed');
    await eventually('it is refused', () => lines().length > 0);
    expect(lines()[0]).toMatchObject({ upstream: 'api', reason: expect.stringContaining(uriOf('web', 'dc1')) });
    expect(impostor.web.proxy.counters().probesFailed).toBeGreaterThan(0);
    expect(api.proxy.counters().probesReceived).toBe(0);
  });

  it('fails when the other side does not accept our certificate', async () => {
    // api has let the first root go, under which web still presents itself; api's own leaf is fine for web.
    const { first, second } = roots;
    const { web, api } = await idleEdge({ trust: bundle(second, first), apiUnder: second, pace: FAST });
    api.source.trust.publish(bundle(second));
    const lines = () => web.logger.of('probe of an idle edge failed');
    await eventually('it is told', () => lines().length > 0);
    expect(lines()[0]).toMatchObject({ reason: 'the peer ended the probe without an answer: it refused us' });
  });

  it('is ended for a peer that leaves it open', async () => {
    const { first, second } = roots;
    const { api, service } = await idleEdge({ trust: bundle(second, first), pace: NEVER });
    const leaf = await first.serviceLeaf('slow', 'dc1');
    const options: ConnectionOptions & { allowHalfOpen: true } = {
      host: '127.0.0.1',
      port: api.proxy.ports().inbound!,
      ca: first.root.pem,
      cert: leaf.certificatePem,
      key: leaf.privateKeyPem.reveal(),
      checkServerIdentity: () => undefined,
      ALPNProtocols: ['banyan-probe'],
      allowHalfOpen: true,
    };
    const client = connect(options);
    client.on('error', () => {});
    client.resume();
    await once(client, 'end');
    expect(api.proxy.counters().activeInbound).toBe(1);
    await eventually('it is ended by the limit of 2 s', () => api.proxy.counters().activeInbound === 0);
    client.destroy();
    expect([service.connections, api.proxy.counters().probesReceived]).toEqual([0, 1]);
  });
});
