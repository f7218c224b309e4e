import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { TestAuthority, type TestLeaf } from '@banyan/testkit';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { InboundChains, presentedChain } from '../src/adapters/presented-chain.js';
import { bundle, type Generations, KeptReports, NEVER, threeGenerations } from './generations.js';
import { cleanups, rawClient, received } from './mesh-of-two.js';
import { ask, closed, eventually, startSidecar, Workload } from './running-sidecar.js';

let roots: Generations;
beforeAll(async () => {
  roots = await threeGenerations();
});

const identity = (leaf: TestLeaf) => ({ cert: leaf.certificatePem, key: leaf.privateKeyPem.reveal() });

interface Seen {
  readonly isReused: boolean;
  readonly presented: number;
}

/** A server of Node's own making, with tickets, that notes what it learns of its clients. */
const ticketServer = async (leaf: TestLeaf, seen: Seen[], trusted: TestAuthority): Promise<Server> => {
  const server = createServer({ ...identity(leaf), ca: trusted.root.pem, requestCert: true, rejectUnauthorized: true });
  const chains = new InboundChains(server);
  server.on('secureConnection', (socket: TLSSocket) => {
    seen.push({ isReused: socket.isSessionReused(), presented: chains.of(socket).length });
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => server.close());
  return server;
};

describe('TLS session resumption', () => {
  it('would hide the chain of a client, and of a server all of it: why none is ever offered here', async () => {
    const { first } = roots;
    const seen: Seen[] = [];
    const server = await ticketServer(await first.serviceLeaf('api', 'dc2'), seen, first);
    const leaf = await first.serviceLeaf('web', 'dc1', [await first.crossSign(roots.second)]);
    const options = { ...identity(leaf), ca: first.root.pem, checkServerIdentity: () => undefined };
    const byClient: number[] = [];
    let session: Buffer | undefined;
    for (let turn = 0; turn < 2; turn += 1) {
      const { port } = server.address() as AddressInfo;
      const client = connect({ ...options, port, host: '127.0.0.1', ...(session && { session }) });
      client.on('session', (ticket: Buffer) => (session = ticket));
      client.write('x');
      await received(client);
      byClient.push(presentedChain(client).length);
      client.destroy();
      await closed(client);
    }
    expect(seen).toEqual([
      { isReused: false, presented: 3 },
      { isReused: true, presented: 1 },
    ]);
    expect(byClient).toEqual([2, 0]);
  });

  it('does not happen on the way out, also to a server that offers it', async () => {
    const { first, second } = roots;
    const seen: Seen[] = [];
    const server = await ticketServer(await first.serviceLeaf('api', 'dc2'), seen, first);
    const upstream = { destination: 'api', datacenter: 'dc2' };
    const kept = new KeptReports();
    const setup = { service: 'web', datacenter: 'dc1', upstream, reports: kept, probePace: NEVER };
    const web = await startSidecar(first, { ...setup, trust: bundle(second, first) });
    cleanups.push(() => web.proxy.stop());
    const { port } = server.address() as AddressInfo;
    web.source.endpointsOf('api').publish([{ address: '127.0.0.1', port, datacenter: 'dc2' }]);
    await eventually('it is reached', () => {
      void ask(web, 'api');
      return seen.length >= 3;
    });
    expect(seen.filter(({ isReused }) => isReused)).toEqual([]);
    await eventually('every handshake was checked', () => {
      const { outboundHandshakes, shadowChecked } = web.proxy.counters();
      return outboundHandshakes >= 3 && shadowChecked === outboundHandshakes;
    });
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'escapes neither the second verification nor the end of a root on the way in (%s)',
    async (version) => {
      const { first, second } = roots;
      const trusted = { trust: bundle(second, first), probePace: NEVER };
      const service = await Workload.start();
      cleanups.push(() => service.stop());
      const setup = { service: 'api', datacenter: 'dc2', localPort: service.port };
      const api = await startSidecar(first, { ...setup, ...trusted });
      cleanups.push(() => api.proxy.stop());
      const leaf = await first.serviceLeaf('web', 'dc1');
      const limits = { minVersion: version, maxVersion: version, ca: first.root.pem };
      const sessions: Buffer[] = [];
      const client = rawClient(api, leaf, limits);
      client.on('session', (session: Buffer) => sessions.push(session));
      client.write('x');
      await received(client);
      const session = sessions.at(-1) ?? client.getSession();
      expect(session).toBeDefined();
      const again = rawClient(api, leaf, { ...limits, session });
      again.write('x');
      await received(again);
      expect(again.isSessionReused()).toBe(false);
      // Both were full handshakes: each was verified again, and failed without the first root.
      expect(api.proxy.counters()).toMatchObject({ inboundHandshakes: 2, shadowChecked: 2, shadowFailed: 2 });
      api.source.trust.publish({ ...bundle(second), taintedGone: [first.root.fingerprintSha256] });
      await Promise.all([closed(client), closed(again)]);
      await closed(rawClient(api, leaf, { ...limits, session }));
      await eventually('it is refused', () => api.proxy.counters().inboundHandshakeFailures === 1);
      expect(api.proxy.counters()).toMatchObject({ inboundHandshakes: 2, cutTainted: 2 });
    },
  );
});
