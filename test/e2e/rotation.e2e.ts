import { afterAll, describe, expect } from '@jest/globals';
import { HandshakeLoad } from './harness/handshake-load.js';
import type { Mesh } from './harness/mesh.js';
import { meshSuite } from './harness/mesh-suite.js';
import { leafUnder, nextRootEverywhere, type RootKey, rootOf, rotate } from './harness/root-rotation.js';
import { startWebAndApi, type WebAndApi } from './harness/web-and-api.js';

/** Answers per route and phase: with two routes, some hundred handshakes each. */
const PER_PHASE = 150;
/** The answer of PUT covers the primary; the secondary follows over the WAN. */
const EVERYWHERE_LIMIT_MS = 5_000;
/** Agents draw their moment within 3 s here. */
const REISSUE_LIMIT_MS = 8_000;

describe('a rotation of the root under a constant load of fresh handshakes', () => {
  let cast: WebAndApi;
  let load: HandshakeLoad;
  const suite = meshSuite(async (mesh) => {
    await mesh.startServers();
    await mesh.startAgents();
    cast = await startWebAndApi(mesh);
    load = new HandshakeLoad(cast.routes);
    load.start();
  });
  afterAll(() => load?.stop());

  const rotateUnderLoad = async (mesh: Mesh, key: RootKey): Promise<void> => {
    const phase = `${key.PrivateKeyType} ${key.PrivateKeyBits}`;
    const { ActiveRootID: previous } = await mesh.dc1.roots();
    const serials = [(await cast.web.leaf()).SerialNumber, (await cast.api.leaf()).SerialNumber];
    load.enter(`rotating to ${phase}`);
    await rotate(mesh.dc1, key);
    const roots = await nextRootEverywhere(mesh, previous, EVERYWHERE_LIMIT_MS);
    const next = rootOf(roots, roots.ActiveRootID);
    expect(next.keySpec).toEqual({ type: key.PrivateKeyType, bits: key.PrivateKeyBits });
    const reissued = await Promise.all(
      [cast.web, cast.api].map((service) => leafUnder(service, next, REISSUE_LIMIT_MS)),
    );
    reissued.forEach((serial, place) => expect(serial).not.toBe(serials[place]));
    await load.reaches(PER_PHASE);
    load.enter(`after ${phase}`);
    await load.reaches(PER_PHASE);
    expect(load.failures).toEqual([]);
  };

  suite.step('the load passes before anything rotates', async () => {
    await load.reaches(PER_PHASE);
    expect(load.failures).toEqual([]);
  });

  suite.step('EC 256 → EC 384: every leaf is issued anew under the next root, no handshake fails', (mesh) =>
    rotateUnderLoad(mesh, { PrivateKeyType: 'ec', PrivateKeyBits: 384 }),
  );

  suite.step('EC 384 → RSA 2048: likewise', (mesh) =>
    rotateUnderLoad(mesh, { PrivateKeyType: 'rsa', PrivateKeyBits: 2048 }),
  );

  suite.step('over all phases not one handshake failed', async () => {
    await load.stop();
    console.info(load.summary);
    expect(load.failures).toEqual([]);
    // Each answer came over a connection of its own: the receiving sidecar says so for each that it let in.
    for (const [route, receiver] of [
      [cast.routes[0], cast.api],
      [cast.routes[1], cast.web],
    ] as const) {
      const admitted = receiver.sidecar.log.split('"msg":"connection allowed"').length - 1;
      expect(admitted).toBeGreaterThanOrEqual(load.answered(route));
      expect(load.answered(route)).toBeGreaterThanOrEqual(5 * PER_PHASE);
    }
  });
});
