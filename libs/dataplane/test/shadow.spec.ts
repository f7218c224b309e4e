import { EventEmitter, once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { SidecarReport } from '@banyan/adoption';
import { bundle, type Generations, idOf, KeptReports, NEVER, tainting, threeGenerations } from './generations.js';
import { cleanups, rawClient, received, workload } from './mesh-of-two.js';
import {
  ask,
  closed,
  dial,
  endpointOf,
  eventually,
  type RunningSidecar,
  startSidecar,
  uriOf,
} from './running-sidecar.js';

let roots: Generations;
beforeAll(async () => {
  roots = await threeGenerations();
});

/** api in dc2 and web in dc1, both with leaves under the first root, trusting it and the second, which is the active one. */
const mesh = async () => {
  const { first, second } = roots;
  const service = await workload();
  const kept = new KeptReports();
  const shared = { trust: bundle(second, first), reports: kept, probePace: NEVER };
  const api = await startSidecar(first, { ...shared, service: 'api', datacenter: 'dc2', localPort: service.port });
  cleanups.push(() => api.proxy.stop());
  const upstream = { destination: 'api', datacenter: 'dc2' };
  const web = await startSidecar(first, { ...shared, service: 'web', datacenter: 'dc1', upstream });
  cleanups.push(() => web.proxy.stop());
  web.source.endpointsOf('api').publish([endpointOf(api, 'dc2')]);
  const told = async (who: string, what: string, is: (report: SidecarReport) => boolean): Promise<SidecarReport> => {
    const newest = (): SidecarReport | undefined => kept.newest.get(`${who}-sidecar-proxy`);
    await eventually(what, () => {
      const report = newest();
      return report !== undefined && is(report);
    });
    return newest()!;
  };
  return { service, api, web, kept, told };
};

/** Publishes a leaf and waits until the sidecar presents it. */
const present = async (to: RunningSidecar, leaf: Parameters<RunningSidecar['source']['leaf']['publish']>[0]) => {
  const before = to.logger.of('certificates swapped').length;
  to.source.leaf.publish(leaf);
  await eventually('the leaf is presented', () => to.logger.of('certificates swapped').length > before);
};

const trust = async (to: RunningSidecar, material: ReturnType<typeof bundle>): Promise<void> => {
  const before = to.logger.of('certificates swapped').length;
  to.source.trust.publish(material);
  await eventually('the bundle is in use', () => to.logger.of('certificates swapped').length > before);
};

describe('the second verification', () => {
  it('accepts what the real store accepts, and names who would fail without the earlier root, on both sides', async () => {
    const { api, web, told } = await mesh();
    for (const text of ['one', 'two']) expect(await ask(web, 'api', text)).toBe(text);
    const byApi = await told('api', 'both are checked', ({ shadow }) => shadow.checked === 2);
    const byWeb = await told('web', 'both are checked', ({ shadow }) => shadow.checked === 2);
    const { first, second } = roots;
    const failure = { reason: expect.stringContaining('CHAIN_ISSUER_UNKNOWN'), count: 2, lastAt: expect.any(Number) };
    expect(byApi).toEqual({
      service: 'api',
      bundle: [idOf(second), idOf(first)],
      leaf: { serial: expect.stringMatching(/^([0-9a-f]{2}:){15}/), rootId: idOf(first) },
      handshakes: { [idOf(first)]: { count: 2, lastAt: expect.any(Number) } },
      shadow: {
        rootId: idOf(second),
        checked: 2,
        failed: 2,
        probed: 0,
        failures: [{ peer: uriOf('web', 'dc1'), service: 'api', direction: 'inbound', ...failure }],
      },
    });
    expect(byApi.shadow.failures[0]?.reason).toContain(idOf(first));
    expect(byWeb.shadow).toMatchObject({
      failed: 2,
      failures: [{ peer: uriOf('api', 'dc2'), service: 'web', direction: 'outbound', ...failure }],
    });
    for (const { proxy } of [api, web]) {
      expect(proxy.counters()).toMatchObject({ shadowChecked: 2, shadowFailed: 2, denied: 0 });
    }
  });

  it('finds nothing wrong with peers under the active root, cross-signed or not, and tells the roots apart', async () => {
    const { first, second } = roots;
    const { api, web, told } = await mesh();
    const crossed = await first.crossSign(second);
    await present(web, await second.serviceLeaf('web', 'dc1', [crossed]));
    expect(await ask(web, 'api', 'crossed')).toBe('crossed');
    await present(web, await second.serviceLeaf('web', 'dc1'));
    expect(await ask(web, 'api', 'plain')).toBe('plain');
    const stranger = rawClient(api, await first.serviceLeaf('batch', 'dc1'), { ca: first.root.pem });
    stranger.write('x');
    await received(stranger);
    stranger.destroy();
    const report = await told('api', 'three are checked', ({ shadow }) => shadow.checked === 3);
    expect(report.shadow).toMatchObject({ failed: 1, failures: [{ peer: uriOf('batch', 'dc1'), count: 1 }] });
    expect(report.handshakes).toMatchObject({ [idOf(second)]: { count: 2 }, [idOf(first)]: { count: 1 } });
  });

  it('takes a chain that only the cross-signed certificate leads to the active root', async () => {
    // Before the switch: the first root is active, and a datacenter that went ahead signs under the second already.
    const { first, second } = roots;
    const { api, web, told } = await mesh();
    await trust(api, bundle(first, second));
    await present(web, await second.serviceLeaf('web', 'dc1', [await first.crossSign(second)]));
    expect(await ask(web, 'api', 'ahead')).toBe('ahead');
    const report = await told('api', 'it is checked', ({ shadow }) => shadow.checked === 1);
    expect(report.shadow).toMatchObject({ rootId: idOf(first), failed: 0 });
    expect(report.handshakes).toMatchObject({ [idOf(second)]: { count: 1 } });
    await present(web, await second.serviceLeaf('web', 'dc1')); // and without it, it would not do
    await ask(web, 'api');
    const next = await told('api', 'the next one is checked', ({ shadow }) => shadow.checked === 2);
    expect(next.shadow).toMatchObject({ failed: 1 });
  });

  it('counts anew when the active root changes, and compares nothing once one root is left', async () => {
    const { first, second, third } = roots;
    const { api, web, told } = await mesh();
    await ask(web, 'api');
    await told('api', 'it fails', ({ shadow }) => shadow.failed === 1);
    await trust(api, bundle(third, second, first));
    const anew = await told('api', 'it starts anew', ({ shadow }) => shadow.rootId === idOf(third));
    expect(anew).toMatchObject({ handshakes: {}, shadow: { checked: 0, failed: 0, failures: [] } });
    await ask(web, 'api');
    const counted = await told('api', 'it is counted', ({ shadow }) => shadow.checked === 1);
    expect(counted).toMatchObject({ handshakes: { [idOf(first)]: { count: 1 } }, shadow: { failed: 1 } });
    await trust(api, bundle(first));
    await ask(web, 'api', 'alone');
    const alone = await told(
      'api',
      'it is counted by root only',
      ({ handshakes }) => handshakes[idOf(first)]?.count === 1,
    );
    expect(alone.shadow).toEqual({ checked: 0, failed: 0, probed: 0, failures: [] });
  });

  it('names at most 20 peers, the most recent ones, and counts all', async () => {
    const { first } = roots;
    const { api, told } = await mesh();
    for (let n = 0; n < 23; n += 1) {
      const client = rawClient(api, await first.serviceLeaf(`s${n}`, 'dc1'), { ca: first.root.pem });
      client.write('x');
      await received(client);
      client.destroy();
    }
    const { shadow } = await told('api', 'all are checked', ({ shadow: { failed } }) => failed === 23);
    expect(shadow.failures.map(({ peer }) => peer)).toEqual(
      Array.from({ length: 20 }, (_, n) => uriOf(`s${n + 3}`, 'dc1')),
    );
  });

  it('leaves unnamed who asks for another application protocol, and answers it', async () => {
    const { first } = roots;
    const { api } = await mesh();
    const leaf = await first.serviceLeaf('batch', 'dc1');
    for (const [offered, chosen] of [
      [['h2', 'http/1.1'], 'http/1.1'],
      [['h2'], 'h2'],
    ] as const) {
      const client = rawClient(api, leaf, { ca: first.root.pem, ALPNProtocols: [...offered] });
      client.write('x');
      expect(await received(client)).toBe('x');
      expect(client.alpnProtocol).toBe(chosen);
      client.destroy();
    }
  });
});

/** A TCP relay that lets the first chunk of one direction pass and holds the rest until `release`. */
const holdingRelay = async (port: number, held: 'to-server' | 'to-client') => {
  const gate = new EventEmitter();
  const released = once(gate, 'release');
  let isHolding = false;
  const server = createServer((client) => {
    const onward = connect(port, '127.0.0.1');
    for (const socket of [client, onward]) socket.on('error', () => socket.destroy());
    const [from, to, free] = held === 'to-server' ? [client, onward, onward] : [onward, client, client];
    free.pipe(held === 'to-server' ? client : onward);
    let count = 0;
    from.on('data', (chunk: Buffer) => {
      count += 1;
      isHolding = held === 'to-client' || count > 1;
      void Promise.resolve(isHolding ? released : undefined).then(() => to.write(chunk));
    });
    from.on('close', () => to.destroy());
    to.on('close', () => from.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return {
    port: (server.address() as AddressInfo).port,
    release: () => gate.emit('release'),
    isHolding: () => isHolding,
  };
};

describe('a handshake that began under the previous bundle', () => {
  it('ends under the present one on the way in', async () => {
    const { first, second } = roots;
    const { api, service } = await mesh();
    const relay = await holdingRelay(api.proxy.ports().inbound!, 'to-server');
    const leaf = await first.serviceLeaf('late', 'dc1');
    const late = connectTls({
      host: '127.0.0.1',
      port: relay.port,
      ca: first.root.pem,
      cert: leaf.certificatePem,
      key: leaf.privateKeyPem.reveal(),
      checkServerIdentity: () => undefined,
    });
    late.on('error', () => {});
    await eventually('the client has answered', relay.isHolding);
    await trust(api, bundle(second));
    relay.release();
    await closed(late);
    // TLS had made its context before the change, and accepted.
    expect(api.proxy.counters()).toMatchObject({ inboundHandshakes: 1, denied: 1 });
    const denied = api.logger.of('connection denied');
    expect(denied).toMatchObject([{ source: uriOf('late', 'dc1'), reason: expect.stringContaining('no root') }]);
    expect(service.connections).toBe(0);
  });

  it('ends under the present one on the way out', async () => {
    const { second } = roots;
    const { api, web, service } = await mesh();
    const relay = await holdingRelay(api.proxy.ports().inbound!, 'to-client');
    web.source.endpointsOf('api').publish([{ address: '127.0.0.1', port: relay.port, datacenter: 'dc2' }]);
    let client = dial(web, 'api');
    await eventually('the server has answered', () => {
      if (client.closed) client = dial(web, 'api'); // the endpoint was not known yet
      return relay.isHolding();
    });
    await trust(web, bundle(second));
    relay.release();
    await closed(client);
    const failed = web.logger.of('endpoint failed');
    expect(failed.at(-1)).toMatchObject({ reason: expect.stringContaining('left the bundle meanwhile') });
    expect([web.proxy.counters().outboundHandshakes, service.connections]).toEqual([0, 0]);
  });
});

/** Two connections to api, opened by strangers with leaves under the first and under the second root. */
const underEither = async (api: RunningSidecar) => {
  const { first, second } = roots;
  const clients = [
    rawClient(api, await first.serviceLeaf('gone', 'dc1'), { ca: first.root.pem }),
    rawClient(api, await second.serviceLeaf('stays', 'dc1'), { ca: first.root.pem }),
  ] as const;
  for (const client of clients) await echoes(client, 'before');
  return clients;
};

const echoes = async (client: Socket, text: string): Promise<void> => {
  client.write(text);
  expect(await received(client)).toBe(text);
};

describe('a root that is retired as planned', () => {
  it('takes no live connection with it, in either direction, and lets no further one in', async () => {
    const { first, second } = roots;
    const { api, web } = await mesh();
    const [gone, stays] = await underEither(api);
    const long = dial(web, 'api');
    await echoes(long, 'before');
    for (const sidecar of [api, web]) await trust(sidecar, bundle(second));
    for (const client of [gone, stays, long]) await echoes(client, 'after');
    for (const client of [gone, stays, long]) client.destroy();
    for (const { logger, proxy } of [api, web]) {
      expect([logger.of('connection cut'), proxy.counters().cutTainted]).toEqual([[], 0]);
    }
    // What comes now under the first root is refused by TLS itself, on both sides.
    await closed(rawClient(api, await first.serviceLeaf('gone', 'dc1'), { ca: first.root.pem }));
    expect(await ask(web, 'api')).toBe('');
    expect([api, web].map(({ proxy }) => proxy.counters())).toMatchObject([
      { inboundHandshakes: 3 },
      { outboundHandshakes: 1 },
    ]);
  });
});

describe('a compromised root', () => {
  it('cuts nothing while it is in the bundle, and takes the connections under it, and no others, when it leaves', async () => {
    const { first, second } = roots;
    const { api, web } = await mesh();
    const [gone, stays] = await underEither(api);
    await trust(api, tainting(bundle(second, first), first));
    for (const client of [gone, stays]) await echoes(client, 'marked');
    expect(await ask(web, 'api', 'further')).toBe('further');
    expect(api.proxy.counters().cutTainted).toBe(0);
    await trust(api, bundle(second)); // which has no word of it
    await closed(gone);
    expect(api.logger.of('connection cut')).toEqual([
      { peer: uriOf('gone', 'dc1'), direction: 'inbound', reason: expect.stringContaining('compromised root') },
    ]);
    expect(api.proxy.counters()).toMatchObject({ cutTainted: 1, denied: 0 });
    await echoes(stays, 'after');
    stays.destroy();
    await closed(rawClient(api, await first.serviceLeaf('gone', 'dc1'), { ca: first.root.pem }));
    expect(api.proxy.counters()).toMatchObject({ cutTainted: 1, inboundHandshakes: 3 });
  });

  it('also takes outgoing connections to a peer under it', async () => {
    const { first, second } = roots;
    const { web, service } = await mesh();
    const client = dial(web, 'api');
    await echoes(client, 'before');
    await trust(web, tainting(bundle(second, first), first));
    await echoes(client, 'marked');
    await trust(web, bundle(second));
    await closed(client);
    expect(web.logger.of('connection cut')).toMatchObject([{ peer: uriOf('api', 'dc2'), direction: 'outbound' }]);
    await eventually('the workload sees the end', () => service.sockets.size === 0);
    // And no further one is made with what was in use before.
    expect(await ask(web, 'api')).toBe('');
    expect(web.proxy.counters()).toMatchObject({ cutTainted: 1, outboundHandshakes: 1 });
  });

  it('takes its connections, too, where its compromise is told only when it has left', async () => {
    const { first, second } = roots;
    const { api } = await mesh();
    const [gone, stays] = await underEither(api);
    await trust(api, bundle(second)); // as after a planned retirement
    await echoes(gone, 'not yet');
    await trust(api, { ...bundle(second), taintedGone: [first.root.fingerprintSha256] });
    await closed(gone);
    await echoes(stays, 'after');
    stays.destroy();
    expect(api.proxy.counters()).toMatchObject({ cutTainted: 1 });
  });
});

describe('a bundle that cannot be read', () => {
  it('cuts nothing, also with a mark on its root, and stays out of use', async () => {
    const { first, second } = roots;
    const { api, web } = await mesh();
    const client = dial(web, 'api');
    await echoes(client, 'before');
    await trust(api, tainting(bundle(second, first), first));
    const refused = 'certificates refused; the last good ones stay in use';
    const broken = { ...bundle(second), rootPems: ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'] };
    for (const [at, material] of [broken, { ...bundle(second), rootPems: [] }].entries()) {
      api.source.trust.publish(material);
      await eventually('it is refused', () => api.logger.of(refused).length === at + 1);
    }
    await echoes(client, 'after');
    expect(await ask(web, 'api', 'further')).toBe('further');
    // The watch goes on: the next good bundle is taken.
    await trust(api, bundle(second));
    await closed(client);
  });
});
