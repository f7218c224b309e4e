import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { TestAuthority, type TestLeaf } from '@banyan/testkit';
import { afterEach, beforeAll } from '@jest/globals';
import {
  endpointOf,
  eventually,
  type RunningSidecar,
  type SidecarSetup,
  startSidecar,
  TRUST_DOMAIN,
  Workload,
} from './running-sidecar.js';

// Imported by the specs of the proxy: each gets an authority of its own and a clean-up after each test.

export let authority: TestAuthority;
beforeAll(async () => {
  authority = await TestAuthority.create(TRUST_DOMAIN, 'first');
});

/** Run after each test, last first. */
export const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).toReversed()) await clean();
});

export const workload = async (serve?: (socket: Socket) => void): Promise<Workload> => {
  const started = await Workload.start(serve);
  cleanups.push(() => started.stop());
  return started;
};

export const sidecar = async (setup: SidecarSetup): Promise<RunningSidecar> => {
  const started = await startSidecar(authority, setup);
  cleanups.push(() => started.proxy.stop());
  return started;
};

/** api in dc2 with its workload, and web in dc1 with api as its upstream. */
export const meshOfTwo = async (serve?: (socket: Socket) => void) => {
  const service = await workload(serve);
  const api = await sidecar({ service: 'api', datacenter: 'dc2', localPort: service.port });
  const web = await sidecar({ service: 'web', datacenter: 'dc1', upstream: { destination: 'api', datacenter: 'dc2' } });
  web.source.endpointsOf('api').publish([endpointOf(api, 'dc2')]);
  await eventually('the endpoint is known', () => web.source.endpointsOf('api') !== undefined);
  return { service, api, web };
};

/** A client that does not go through a sidecar of ours; with `{}` it has no certificate. */
export const rawClient = (to: RunningSidecar, leaf: Partial<TestLeaf>, more: object = {}): TLSSocket => {
  const identity = { cert: leaf.certificatePem, key: leaf.privateKeyPem?.reveal() };
  const target = { host: '127.0.0.1', port: to.proxy.ports().inbound ?? 0, ca: authority.root.pem };
  const socket = connectTls({ ...target, ...identity, checkServerIdentity: () => undefined, ...more });
  socket.on('error', () => {});
  return socket;
};

export const received = async (socket: Socket): Promise<string> => {
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  return chunk.toString();
};
