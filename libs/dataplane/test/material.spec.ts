import { TestAuthority } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import { authority, meshOfTwo, rawClient, received, sidecar, workload } from './mesh-of-two.js';
import { ask, closed, dial, eventually, TRUST_DOMAIN } from './running-sidecar.js';

const trust = (...of: TestAuthority[]) => ({ trustDomain: TRUST_DOMAIN, rootPems: of.map(({ root }) => root.pem) });

describe('material and registration', () => {
  it('follow a root rotation under constant connections without one failure, and keep a long one beyond the end of its root', async () => {
    const { api, web } = await meshOfTwo();
    const long = dial(web, 'api');
    long.write('first root');
    await received(long);

    const failures: string[] = [];
    let served = 0;
    const running = new AbortController();
    const load = Array.from({ length: 4 }, async () => {
      while (!running.signal.aborted) {
        const answer = await ask(web, 'api', 'load');
        if (answer === 'load') served += 1;
        else failures.push(answer);
      }
    });
    const settle = async (): Promise<void> => {
      const goal = served + 20;
      await eventually('twenty more connections', () => served >= goal || failures.length > 0);
    };
    await settle();

    const next = await TestAuthority.create(TRUST_DOMAIN, 'second');
    const crossed = await authority.crossSign(next);
    const steps: readonly (() => Promise<void> | void)[] = [
      async () => api.source.leaf.publish(await authority.serviceLeaf('api', 'dc2')), // renewed, same root
      async () => api.source.leaf.publish(await next.serviceLeaf('api', 'dc2', [crossed])), // web trusts the first only
      () => web.source.trust.publish(trust(authority, next)),
      async () => web.source.leaf.publish(await next.serviceLeaf('web', 'dc1', [crossed])), // api trusts the first only
      () => api.source.trust.publish(trust(authority, next)),
      async () => {
        long.write('both roots');
        expect(await received(long)).toBe('both roots');
        web.source.trust.publish(trust(next));
      },
      () => api.source.trust.publish(trust(next)),
      async () => api.source.leaf.publish(await next.serviceLeaf('api', 'dc2')),
    ];
    for (const step of steps) {
      await step();
      await settle();
    }
    running.abort();
    await Promise.all(load);
    expect(failures).toEqual([]);
    expect(served).toBeGreaterThan(160);
    expect([api, web].map(({ proxy }) => proxy.counters().denied)).toEqual([0, 0]);
    expect([api, web].flatMap(({ logger }) => logger.of('inbound handshake failed'))).toEqual([]);
    // Both ends of the long connection stood under the first root alone, which has been retired as planned.
    long.write('next root');
    expect(await received(long)).toBe('next root');
    expect([api, web].flatMap(({ logger }) => logger.of('connection cut'))).toEqual([]);
    // The first root is gone: what it signed is refused now.
    await closed(rawClient(api, await authority.serviceLeaf('web', 'dc1'), { ca: next.root.pem }));
    await eventually('it is counted', () => api.proxy.counters().inboundHandshakeFailures === 1);
  });

  it('keep the last good certificates when a leaf does not fit its key', async () => {
    const { api, web } = await meshOfTwo();
    const [one, other] = [await authority.serviceLeaf('api', 'dc2'), await authority.serviceLeaf('api', 'dc2')];
    api.source.leaf.publish({ certificatePem: one.certificatePem, privateKeyPem: other.privateKeyPem });
    const refused = 'certificates refused; the last good ones stay in use';
    await eventually('it is refused', () => api.logger.of(refused).length === 1);
    expect(JSON.stringify(api.logger.lines)).not.toContain('PRIVATE');
    expect(await ask(web, 'api', 'still')).toBe('still');
  });

  it('follow a changed registration: another local port, one upstream more, one less', async () => {
    const { api, web } = await meshOfTwo();
    const second = await workload((socket) => socket.end('the second workload'));
    const published = { bindAddress: '127.0.0.1', bindPort: 0, localAddress: '127.0.0.1' };
    const shared = { ...published, proxyId: 'x', datacenter: 'dc2' };
    api.source.sidecar.publish({ ...shared, service: 'api', localPort: second.port, upstreams: [] });
    await eventually('the second workload answers', () => {
      void ask(web, 'api', '');
      return second.connections > 0;
    });
    expect(await ask(web, 'api', '')).toBe('the second workload');
    const upstream = { destination: 'cache', datacenter: 'dc1', bindAddress: '127.0.0.1', bindPort: 0 };
    web.source.sidecar.publish({ ...shared, service: 'web', localPort: 1, upstreams: [upstream] });
    await eventually('only cache is left', () => Object.keys(web.proxy.ports().upstreams).join() === 'cache');
  });

  it('let open connections finish on stop, up to the drain time', async () => {
    const service = await workload();
    const api = await sidecar({ service: 'api', datacenter: 'dc2', localPort: service.port, drainMs: 10_000 });
    const client = rawClient(api, await authority.serviceLeaf('web', 'dc1'));
    client.write('before');
    await received(client);
    const stopped = api.proxy.stop();
    await eventually('it does not listen', () => api.proxy.ports().inbound === 0);
    client.write('while stopping');
    expect(await received(client)).toBe('while stopping');
    client.end();
    await stopped; // well before the drain time, or the test times out
    const cut = await sidecar({ service: 'api', datacenter: 'dc2', localPort: service.port, drainMs: 20 });
    const holding = rawClient(cut, await authority.serviceLeaf('web', 'dc1'));
    holding.write('x');
    await received(holding);
    await Promise.all([cut.proxy.stop(), closed(holding)]);
  });
});
