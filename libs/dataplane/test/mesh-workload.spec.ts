import { once } from 'node:events';
import { MeshWorkload } from '@banyan/dataplane';
import { SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import { FakeMeshSource, RecordingLogger, type TestAuthority } from '@banyan/testkit';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { bundle, FAST, type Generations, idOf, KeptReports, NEVER, tainting, threeGenerations } from './generations.js';
import { cleanups, received } from './mesh-of-two.js';
import { closed, eventually, uriOf } from './running-sidecar.js';

let roots: Generations;
beforeAll(async () => {
  roots = await threeGenerations();
});

const FOREVER = new AbortController().signal;
const API = { service: 'api', datacenter: 'dc2' };

/** An application in the mesh, in this process. */
const application = async (authority: TestAuthority, who: typeof API, probePace = NEVER) => {
  const [source, logger, kept] = [new FakeMeshSource(), new RecordingLogger(), new KeptReports()];
  const edges = { clock: new SystemClock(), timers: new SystemTimers(), random: new SystemRandom(), logger };
  const names = { service: who.service, serviceId: `${who.service}-1` };
  const mesh = new MeshWorkload({ source, ...edges, ...names, reports: kept, probePace, drainMs: 20 });
  source.trust.publish(bundle(roots.second, roots.first));
  source.leaf.publish(await authority.serviceLeaf(who.service, who.datacenter));
  source.intentions.publish();
  mesh.start();
  cleanups.push(() => mesh.stop());
  return { mesh, source, logger, kept };
};

/** api and web, both under the first root, while the second is the active one; api echoes. */
const two = async (probePace = NEVER) => {
  const api = await application(roots.first, API, probePace);
  const peers: string[] = [];
  const port = await api.mesh.listen({ address: '127.0.0.1', port: 0 }, (socket, peer) => {
    peers.push(peer.uri);
    socket.pipe(socket);
  });
  const web = await application(roots.first, { service: 'web', datacenter: 'dc1' }, probePace);
  web.source.endpointsOf('api').publish([{ address: '127.0.0.1', port, datacenter: 'dc2' }]);
  return { api, web, peers, port };
};

describe('an application without a sidecar', () => {
  it('speaks the mesh itself, and each end verifies the other a second time and reports it', async () => {
    const { api, web, peers } = await two();
    const socket = await web.mesh.connect(API, FOREVER);
    socket.write('hello');
    expect(await received(socket)).toBe('hello');
    expect(peers).toEqual([uriOf('web', 'dc1')]);
    expect(api.source.asked).toMatchObject([{ target: 'api', clientCertUri: uriOf('web', 'dc1') }]);
    for (const [who, peer] of [
      [api, uriOf('web', 'dc1')],
      [web, uriOf('api', 'dc2')],
    ] as const) {
      const service = who === api ? 'api' : 'web';
      await eventually('it is told', () => who.kept.newest.get(`${service}-1`)?.shadow.failed === 1);
      expect(who.kept.newest.get(`${service}-1`)).toMatchObject({
        service,
        leaf: { rootId: idOf(roots.first) },
        handshakes: { [idOf(roots.first)]: { count: 1 } },
        shadow: { rootId: idOf(roots.second), checked: 1, failures: [{ peer, service }] },
      });
    }
    socket.destroy();
  });

  it('keeps a live connection when the root above it is retired, and cuts it for a compromised one', async () => {
    const { api, web } = await two();
    const [socket, kept] = [await web.mesh.connect(API, FOREVER), await web.mesh.connect(API, FOREVER)];
    const { first, second } = roots;
    const swapped = async (who: typeof api, material: ReturnType<typeof bundle>): Promise<void> => {
      const before = who.logger.of('certificates swapped').length;
      who.source.trust.publish(material);
      await eventually('it is in use', () => who.logger.of('certificates swapped').length > before);
    };
    const echoes = async (each: typeof socket): Promise<void> => {
      each.write('x');
      expect(await received(each)).toBe('x');
    };
    for (const each of [socket, kept]) await echoes(each);
    await swapped(api, bundle(second)); // which cuts nothing on its side
    await swapped(web, tainting(bundle(second, first), first));
    for (const each of [socket, kept]) await echoes(each);
    kept.destroy();
    await swapped(web, bundle(second));
    await closed(socket);
    expect(api.logger.of('connection cut')).toEqual([]);
    expect(web.logger.of('connection cut')).toMatchObject([{ peer: uriOf('api', 'dc2'), direction: 'outbound' }]);
  });

  it('is not reached by whom the intentions deny, also when they change later', async () => {
    const { api, web, peers } = await two();
    const socket = await web.mesh.connect(API, FOREVER);
    socket.write('x');
    await received(socket);
    api.source.decide = () => false;
    api.source.intentions.publish();
    await once(socket, 'end');
    const refused = await web.mesh.connect(API, FOREVER);
    refused.resume();
    await once(refused, 'end');
    for (const each of [socket, refused]) each.destroy();
    expect(peers).toHaveLength(1);
    expect(api.logger.of('connection denied')).toMatchObject([{ wasLive: true }, { wasLive: false }]);
  });

  it('looks at its idle edges, without its server learning of it', async () => {
    const { api, web, peers } = await two(FAST);
    const socket = await web.mesh.connect(API, FOREVER);
    socket.write('x');
    await received(socket);
    socket.destroy();
    await eventually('a probe was answered', () => api.mesh.counters().probesReceived > 0);
    expect([peers.length, web.mesh.counters().probesFailed]).toEqual([1, 0]);
  });

  it('refuses whom it did not ask for, tells when nobody is there, and is stopped while it waits', async () => {
    const { api, web, port } = await two();
    web.source.endpointsOf('billing').publish([{ address: '127.0.0.1', port, datacenter: 'dc2' }]);
    const billing = { service: 'billing', datacenter: 'dc2' };
    await expect(web.mesh.connect(billing, FOREVER)).rejects.toMatchObject({ code: 'PEER_NOT_ALLOWED' });
    web.source.endpointsOf('nobody').publish([]);
    await expect(web.mesh.connect({ service: 'nobody', datacenter: 'dc2' }, FOREVER)).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
    });
    const waiting = web.mesh.connect({ service: 'unheard', datacenter: 'dc2' }, FOREVER);
    const refused = expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
    await web.mesh.stop();
    await refused;
    expect(api.source.asked).toEqual([]);
  });
});
