import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { formatSpiffeId } from '@banyan/identity';
import { TestAuthority, type TestLeaf } from '@banyan/testkit';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ask,
  closed,
  dial,
  endpointOf,
  eventually,
  type RunningSidecar,
  type SidecarSetup,
  startSidecar,
  TRUST_DOMAIN,
  uriOf,
  Workload,
} from './mesh-of-two.js';

let authority: TestAuthority;
beforeAll(async () => {
  authority = await TestAuthority.create(TRUST_DOMAIN, 'first');
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

const workload = async (serve?: (socket: Socket) => void): Promise<Workload> => {
  const started = await Workload.start(serve);
  cleanups.push(() => started.stop());
  return started;
};

const sidecar = async (setup: SidecarSetup): Promise<RunningSidecar> => {
  const started = await startSidecar(authority, setup);
  cleanups.push(() => started.proxy.stop());
  return started;
};

/** api in dc2 with its workload, and web in dc1 with api as its upstream. */
const meshOfTwo = async (serve?: (socket: Socket) => void) => {
  const service = await workload(serve);
  const api = await sidecar({ service: 'api', datacenter: 'dc2', localPort: service.port });
  const web = await sidecar({ service: 'web', datacenter: 'dc1', upstream: { destination: 'api', datacenter: 'dc2' } });
  web.source.endpointsOf('api').publish([endpointOf(api, 'dc2')]);
  await eventually('the endpoint is known', () => web.source.endpointsOf('api') !== undefined);
  return { service, api, web };
};

/** A client that does not go through a sidecar of ours. */
const rawClient = (to: RunningSidecar, leaf: TestLeaf | undefined, more: object = {}): TLSSocket => {
  const identity = leaf === undefined ? {} : { cert: leaf.certificatePem, key: leaf.privateKeyPem.reveal() };
  const target = { host: '127.0.0.1', port: to.proxy.ports().inbound ?? 0, ca: authority.root.pem };
  const socket = connectTls({ ...target, ...identity, checkServerIdentity: () => undefined, ...more });
  socket.on('error', () => {});
  return socket;
};

const received = async (socket: Socket): Promise<string> => {
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString();
};

describe('two sidecars', () => {
  it('carry an allowed connection, asking with the identity of the client certificate', async () => {
    const { service, api, web } = await meshOfTwo();
    expect(await ask(web, 'api', 'through the mesh')).toBe('through the mesh');
    expect(service.connections).toBe(1);
    expect(api.source.asked).toEqual([
      {
        target: 'api',
        clientCertUri: uriOf('web', 'dc1'),
        clientCertSerial: expect.stringMatching(/^([0-9a-f]{2}:)+/),
      },
    ]);
    expect(api.proxy.counters()).toMatchObject({ inboundHandshakes: 1, inboundHandshakeFailures: 0, denied: 0 });
    expect(web.proxy.counters()).toMatchObject({ outboundHandshakes: 1, outboundFailures: 0, outboundUnserved: 0 });
  });

  it('close a denied connection before a byte reaches the workload, and log who, where to and why', async () => {
    const { service, api, web } = await meshOfTwo();
    api.source.decide = () => false;
    expect(await ask(web, 'api')).toBe('');
    expect(service.connections).toBe(0);
    expect(api.logger.of('connection denied')).toEqual([
      { source: uriOf('web', 'dc1'), destination: 'api', reason: 'denied by the test', wasLive: false },
    ]);
    expect(api.proxy.counters().denied).toBe(1);
  });

  it('pass on the end of one direction while the other goes on', async () => {
    const { web } = await meshOfTwo((socket) => {
      let question = '';
      socket.on('data', (chunk: Buffer) => (question += chunk.toString()));
      socket.on('end', () => socket.end(`answer to ${question}`));
    });
    expect(await ask(web, 'api', 'half-closed')).toBe('answer to half-closed');
  });

  it('pass on the loss of a connection in both directions', async () => {
    const { service, web } = await meshOfTwo();
    const first = dial(web, 'api');
    first.write('a');
    await received(first);
    first.destroy();
    await eventually('the workload sees it', () => service.sockets.size === 0);
    const second = dial(web, 'api');
    second.write('b');
    await received(second);
    for (const socket of service.sockets) socket.destroy();
    await closed(second);
    await eventually('nothing is left', () => web.proxy.counters().activeOutbound === 0);
  });

  it('carry megabytes both ways unchanged, and hold the sender back while the reader does not read', async () => {
    const { service, web } = await meshOfTwo();
    const total = 48 * 1024 * 1024;
    const block = randomBytes(64 * 1024);
    const client = dial(web, 'api');
    let sent = 0;
    const sentHash = createHash('sha256');
    const send = (): void => {
      while (sent < total) {
        sent += block.length;
        sentHash.update(block);
        if (!client.write(block)) {
          client.once('drain', send);
          return;
        }
      }
      client.end();
    };
    client.pause();
    send();
    // The echo comes back to a client that does not read: everything on the way fills up and the sender has to wait.
    await eventually('the workload was reached', () => service.connections === 1);
    let before = -1;
    let stillFor = 0;
    await eventually('the sender stands still', () => {
      stillFor = sent === before ? stillFor + 1 : 0;
      before = sent;
      return stillFor > 30;
    });
    expect(sent).toBeLessThan(total);
    const receivedHash = createHash('sha256');
    client.on('data', (chunk: Buffer) => receivedHash.update(chunk));
    client.resume();
    await once(client, 'end');
    expect(sent).toBe(total);
    expect(receivedHash.digest('hex')).toBe(sentHash.digest('hex'));
  });
});

describe('the inbound side', () => {
  it('refuses a client of another authority, and one without a certificate', async () => {
    const { service, api } = await meshOfTwo();
    const foreign = await TestAuthority.create(TRUST_DOMAIN, 'foreign');
    for (const leaf of [await foreign.serviceLeaf('web', 'dc1'), undefined]) {
      await closed(rawClient(api, leaf));
    }
    await eventually('both are counted', () => api.proxy.counters().inboundHandshakeFailures === 2);
    expect(api.proxy.counters().inboundHandshakes).toBe(0);
    expect([service.connections, api.source.asked.length]).toEqual([0, 0]);
  });

  it('refuses an identity that is not a service without asking the agent', async () => {
    const { service, api } = await meshOfTwo();
    const agent = formatSpiffeId({ kind: 'agent', trustDomain: TRUST_DOMAIN, datacenter: 'dc1', node: 'n1' });
    const client = rawClient(api, await authority.leaf(agent));
    await closed(client);
    expect(api.logger.of('connection denied')).toMatchObject([{ reason: expect.stringContaining('that of a agent') }]);
    expect([service.connections, api.source.asked.length]).toEqual([0, 0]);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('never resumes a %s session', async (version) => {
    const { api } = await meshOfTwo();
    const leaf = await authority.serviceLeaf('web', 'dc1');
    const limits = { minVersion: version, maxVersion: version };
    const first = rawClient(api, leaf, limits);
    const sessions: Buffer[] = [];
    first.on('session', (session: Buffer) => sessions.push(session));
    first.write('x');
    await received(first); // a TLS 1.3 session would arrive before the first byte
    const session = sessions.at(-1) ?? first.getSession();
    first.destroy();
    const second = rawClient(api, leaf, { ...limits, session });
    await once(second, 'secureConnect');
    second.write('y');
    await received(second);
    expect(second.getProtocol()).toBe(version);
    expect(second.isSessionReused()).toBe(false);
    second.destroy();
  });

  it('refuses TLS 1.1', async () => {
    const { api } = await meshOfTwo();
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
    await closed(rawClient(api, await authority.serviceLeaf('web', 'dc1'), old));
    await eventually('it is counted', () => api.proxy.counters().inboundHandshakeFailures === 1);
    expect(api.proxy.counters().inboundHandshakes).toBe(0);
  });

  it('checks live connections again when intentions change, and cuts only the denied ones', async () => {
    const { api, web } = await meshOfTwo();
    const denied = dial(web, 'api');
    const kept = rawClient(api, await authority.serviceLeaf('batch', 'dc1'));
    for (const socket of [denied, kept]) {
      socket.write('before');
      expect(await received(socket)).toBe('before');
    }
    api.source.decide = ({ clientCertUri }) => clientCertUri !== uriOf('web', 'dc1');
    api.source.intentions.publish();
    await closed(denied);
    expect(api.logger.of('connection denied')).toMatchObject([{ source: uriOf('web', 'dc1'), wasLive: true }]);
    kept.write('after');
    expect(await received(kept)).toBe('after');
    kept.destroy();
  });

  it('keeps live connections while the agent is away, refuses further ones, and recovers', async () => {
    const { api, web } = await meshOfTwo();
    const live = dial(web, 'api');
    live.write('before');
    await received(live);
    api.source.isAway = true;
    api.source.intentions.publish();
    expect(await ask(web, 'api')).toBe('');
    expect(api.logger.of('connection denied')).toMatchObject([
      { reason: expect.stringContaining('could not be asked'), wasLive: false },
    ]);
    live.write('during');
    expect(await received(live)).toBe('during');
    api.source.isAway = false;
    expect(await ask(web, 'api', 'back')).toBe('back');
    live.write('after');
    expect(await received(live)).toBe('after');
    live.destroy();
  });
});

describe('the outbound side', () => {
  it('refuses a server that is another service, whatever the catalog says', async () => {
    const { service, web } = await meshOfTwo();
    const impostor = await sidecar({ service: 'impostor', datacenter: 'dc2', localPort: service.port });
    web.source.endpointsOf('api').publish([endpointOf(impostor, 'dc2')]);
    await eventually('the connection goes there', () => {
      void ask(web, 'api');
      return web.logger.of('endpoint failed').length > 0;
    });
    expect(web.logger.of('endpoint failed')[0]).toMatchObject({
      reason: expect.stringContaining(`the peer is ${uriOf('impostor', 'dc2')} instead of ${uriOf('api', 'dc2')}`),
    });
    expect(impostor.source.asked).toEqual([]);
  });

  it('refuses a server of another authority', async () => {
    const { service, web } = await meshOfTwo();
    const foreign = await TestAuthority.create(TRUST_DOMAIN, 'foreign');
    const other = await startSidecar(foreign, { service: 'api', datacenter: 'dc2', localPort: service.port });
    cleanups.push(() => other.proxy.stop());
    web.source.endpointsOf('api').publish([endpointOf(other, 'dc2')]);
    await eventually('the connection goes there', () => {
      void ask(web, 'api');
      return web.logger.of('endpoint failed').length > 0;
    });
    expect(web.logger.of('endpoint failed')[0]).toMatchObject({ reason: expect.stringMatching(/certificate/) });
    expect(service.connections).toBe(0);
  });

  it('goes on to the next instance when one does not answer, and says so when there is none', async () => {
    const { api, web } = await meshOfTwo();
    web.source
      .endpointsOf('api')
      .publish([{ address: '127.0.0.1', port: 1, datacenter: 'dc2' }, endpointOf(api, 'dc2')]);
    for (const text of ['one', 'two', 'three', 'four']) expect(await ask(web, 'api', text)).toBe(text);
    expect(web.proxy.counters().outboundFailures).toBeGreaterThanOrEqual(1);
    web.source.endpointsOf('api').publish([]);
    await eventually('it is refused', () => {
      void ask(web, 'api');
      return web.logger.of('upstream unreachable').length > 0;
    });
    expect(web.logger.of('upstream unreachable')[0]).toMatchObject({ reason: 'there is no healthy instance' });
  });
});

describe('material and registration', () => {
  it('follow a root rotation under constant connections without one failure, and keep a long one', async () => {
    const { api, web } = await meshOfTwo();
    const long = dial(web, 'api');
    long.write('first root');
    await received(long);

    const failures: string[] = [];
    let served = 0;
    let isRunning = true;
    const load = Array.from({ length: 4 }, async () => {
      while (isRunning) {
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
    const trust = (...of: TestAuthority[]) => ({ trustDomain: TRUST_DOMAIN, rootPems: of.map(({ root }) => root.pem) });
    const steps: readonly (() => Promise<void> | void)[] = [
      async () => api.source.leaf.publish(await authority.serviceLeaf('api', 'dc2')), // renewed, same root
      async () => api.source.leaf.publish(await next.serviceLeaf('api', 'dc2', [crossed])), // web trusts the first only
      () => web.source.trust.publish(trust(authority, next)),
      async () => web.source.leaf.publish(await next.serviceLeaf('web', 'dc1', [crossed])), // api trusts the first only
      () => api.source.trust.publish(trust(authority, next)),
      () => web.source.trust.publish(trust(next)),
      () => api.source.trust.publish(trust(next)),
      async () => api.source.leaf.publish(await next.serviceLeaf('api', 'dc2')),
    ];
    for (const step of steps) {
      await step();
      await settle();
    }
    isRunning = false;
    await Promise.all(load);
    expect(failures).toEqual([]);
    expect(served).toBeGreaterThan(160);
    expect([api, web].map(({ proxy }) => proxy.counters().denied)).toEqual([0, 0]);
    expect([api, web].flatMap(({ logger }) => logger.of('inbound handshake failed'))).toEqual([]);
    long.write('second root');
    expect(await received(long)).toBe('second root');
    long.destroy();
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
