import { once } from 'node:events';
import { connect } from 'node:tls';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { MeshWorkload, type TrustMaterial } from '@banyan/dataplane';
import { SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import type { Certificate } from '@banyan/pki';
import { FakeMeshSource, forgeIdentity, RecordingLogger } from '@banyan/testkit';
import { bundle, type Generations, NEVER, threeGenerations } from './generations.js';
import { cleanups, rawClient, received, workload } from './mesh-of-two.js';
import { ask, endpointOf, eventually, type RunningSidecar, startSidecar } from './running-sidecar.js';

/** The first root is active; it vouched for the second, which was rolled back, and whose key a thief has. */
let roots: Generations;
let vouched: Certificate;
beforeAll(async () => {
  roots = await threeGenerations();
  vouched = await roots.first.crossSign(roots.second);
});

const denying = (): TrustMaterial => ({ ...bundle(roots.first), deniedKeys: [roots.second.root.keyFingerprint] });
const forgedLeaf = (service: string, datacenter: string) => roots.second.serviceLeaf(service, datacenter, [vouched]);

const mesh = async (trust: TrustMaterial) => {
  const service = await workload();
  const shared = { trust, probePace: NEVER };
  const api = await startSidecar(roots.first, {
    ...shared,
    service: 'api',
    datacenter: 'dc2',
    localPort: service.port,
  });
  cleanups.push(() => api.proxy.stop());
  const upstream = { destination: 'api', datacenter: 'dc2' };
  const web = await startSidecar(roots.first, { ...shared, service: 'web', datacenter: 'dc1', upstream });
  cleanups.push(() => web.proxy.stop());
  web.source.endpointsOf('api').publish([endpointOf(api, 'dc2')]);
  return { service, api, web };
};

/** Whether what the client writes is answered: a workload sends it back. */
const isServed = async (to: RunningSidecar, leaf: Awaited<ReturnType<typeof forgedLeaf>>): Promise<boolean> => {
  const socket = rawClient(to, leaf, { ca: roots.first.root.pem });
  socket.write('x');
  const served = await Promise.race([received(socket).then(() => true), once(socket, 'close').then(() => false)]);
  socket.destroy();
  return served;
};

const swapped = async (who: RunningSidecar, change: () => void): Promise<void> => {
  const before = who.logger.of('certificates swapped').length;
  change();
  await eventually('it is in use', () => who.logger.of('certificates swapped').length > before);
};

describe('a key that is denied', () => {
  it('is believed by nobody who accepts connections, though an honest root certified it', async () => {
    const { api } = await mesh(bundle(roots.first));
    // What the list is for: TLS finds nothing wrong with the forged chain.
    expect(await isServed(api, await forgedLeaf('web', 'dc1'))).toBe(true);
    await swapped(api, () => api.source.trust.publish(denying()));
    expect(await isServed(api, await forgedLeaf('web', 'dc1'))).toBe(false);
    expect(api.logger.of('connection denied').at(-1)).toMatchObject({
      reason: expect.stringContaining('denied key') as unknown,
    });
    expect(await isServed(api, await roots.first.serviceLeaf('web', 'dc1'))).toBe(true);
  });

  it('is not believed with a look-alike of its root in the chain, which hides the denied certificate from a walk', async () => {
    const { api } = await mesh(denying());
    const { second } = roots;
    const { certificate: decoy } = forgeIdentity({
      subject: second.root.commonName!,
      ca: true,
      uris: [...second.root.uris],
      notBefore: second.root.notBefore,
      notAfter: second.root.notAfter,
      subjectKeyId: second.root.subjectKeyIdBytes!,
    });
    for (const extra of [
      [decoy, vouched],
      [vouched, decoy],
    ])
      expect(await isServed(api, await second.serviceLeaf('web', 'dc1', extra))).toBe(false);
  });

  it('does not hinder a chain that also carries what it certified, but needs it not', async () => {
    const { api } = await mesh(denying());
    const useless = await roots.second.crossSign(roots.first);
    expect(await isServed(api, await roots.first.serviceLeaf('web', 'dc1', [useless, vouched]))).toBe(true);
  });

  it('is believed by nobody who connects', async () => {
    const { api, web } = await mesh(bundle(roots.first));
    const leaf = await forgedLeaf('api', 'dc2');
    await swapped(api, () => api.source.leaf.publish(leaf));
    expect(await ask(web, 'api', 'before')).toBe('before');
    await swapped(web, () => web.source.trust.publish(denying()));
    expect(await ask(web, 'api', 'after')).toBe('');
    await eventually('the sidecar says why', () =>
      web.logger.of('endpoint failed').some(({ reason }) => String(reason).includes('denied key')),
    );
  });

  it('costs its holder the connections that live', async () => {
    const { api } = await mesh(bundle(roots.first));
    const [thief, honest] = [
      rawClient(api, await forgedLeaf('web', 'dc1'), { ca: roots.first.root.pem }),
      rawClient(api, await roots.first.serviceLeaf('batch', 'dc1'), { ca: roots.first.root.pem }),
    ];
    for (const socket of [thief, honest]) {
      socket.write('x');
      await received(socket);
    }
    const cut = once(thief, 'close');
    api.source.trust.publish(denying());
    await cut;
    expect(api.logger.of('connection cut')).toMatchObject([
      { peer: expect.stringContaining('/svc/web') as unknown, direction: 'inbound' },
    ]);
    honest.write('still');
    expect(await received(honest)).toBe('still');
    honest.destroy();
  });

  it('is believed by no application without a sidecar, in either direction', async () => {
    const { first } = roots;
    const application = async (service: string, datacenter: string) => {
      const [source, logger] = [new FakeMeshSource(), new RecordingLogger()];
      const edges = { clock: new SystemClock(), timers: new SystemTimers(), random: new SystemRandom(), logger };
      const app = new MeshWorkload({ source, ...edges, service, serviceId: `${service}-1`, drainMs: 20 });
      source.trust.publish(denying());
      source.leaf.publish(await first.serviceLeaf(service, datacenter));
      source.intentions.publish();
      app.start();
      cleanups.push(() => app.stop());
      return { app, source, logger };
    };
    const [api, web] = [await application('api', 'dc2'), await application('web', 'dc1')];
    const port = await api.app.listen({ address: '127.0.0.1', port: 0 }, (socket) => socket.pipe(socket));
    web.source.endpointsOf('api').publish([{ address: '127.0.0.1', port, datacenter: 'dc2' }]);
    const to = { service: 'api', datacenter: 'dc2' };
    const FOREVER = new AbortController().signal;
    const socket = await web.app.connect(to, FOREVER);
    socket.write('hello');
    expect(await received(socket)).toBe('hello');
    socket.destroy();

    const swaps = api.logger.of('certificates swapped').length;
    api.source.leaf.publish(await forgedLeaf('api', 'dc2'));
    await eventually('it is in use', () => api.logger.of('certificates swapped').length > swaps);
    await expect(web.app.connect(to, FOREVER)).rejects.toMatchObject({ name: 'BanyanError' });
    const thief = connect({ ...(await identity('web', 'dc1')), host: '127.0.0.1', port });
    thief.on('error', () => {});
    thief.write('x');
    await once(thief, 'close');
    expect(api.logger.of('connection denied')).toMatchObject([
      { reason: expect.stringContaining('denied key') as unknown },
    ]);
  });
});

const identity = async (service: string, datacenter: string) => {
  const { certificatePem: cert, privateKeyPem } = await forgedLeaf(service, datacenter);
  // The one that answers is forged by now as well, which is not what this client looks at.
  return { cert, key: privateKeyPem.reveal(), rejectUnauthorized: false, checkServerIdentity: () => undefined };
};
