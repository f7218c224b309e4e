import { afterAll, describe, expect } from '@jest/globals';
import { askFreshLeaf, expectFreshLeaf, expectInSync } from '../e2e/harness/datacenter-state.js';
import { eventually, timed } from '../e2e/harness/eventually.js';
import { HandshakeLoad } from '../e2e/harness/handshake-load.js';
import { healthOf } from '../e2e/harness/health.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { shortenLives } from '../e2e/harness/short-lives.js';
import { passes, startWebAndApi, type WebAndApi } from '../e2e/harness/web-and-api.js';

/** Renewed 45 to 55 % after its beginning, which lies a minute back: it ends 58 to 72 s after it was renewed. */
const LIVES = { intermediate: '130s', leaf: '130s' };
const ENDS_WITHIN_MS = 90_000;
const RECOVERED_LIMIT_MS = 30_000;
const ANSWERS = 40;

interface Streams {
  readonly State: string;
}

describe('the WAN is cut for longer than the intermediate of a secondary lives', () => {
  let cast: WebAndApi;
  let load: HandshakeLoad | undefined;
  const suite = meshSuite(async (mesh) => {
    mesh.dc1.server.start();
    await mesh.dc1.serverReady();
    await shortenLives(mesh.dc1, LIVES);
    mesh.dc2.server.start();
    await mesh.dc2.serverReady();
    await mesh.startAgents();
    cast = await startWebAndApi(mesh);
  });
  afterAll(() => load?.stop());

  suite.step('it signs, and no handshake fails, while the intermediate lives', async (mesh) => {
    load = new HandshakeLoad(cast.routes);
    load.start();
    load.enter('the WAN is there');
    await load.reaches(ANSWERS);
    await mesh.cutWan('silent');
    load.enter('the WAN is cut');
    await load.reaches(ANSWERS);
    await expectFreshLeaf(mesh.dc2, (await mesh.dc2.roots()).ActiveRootID);
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  suite.step(
    'when it has ended, the datacenter says EXPIRED wherever an operator looks, and signs nothing',
    async ({ dc2 }) => {
      await eventually('dc2 says EXPIRED', { limitMs: ENDS_WITHIN_MS, everyMs: 200 }, async () => {
        const { ok, reasons } = await healthOf(dc2.addresses.serverHttp);
        expect({ ok, tie: reasons['primary'] }).toEqual({
          ok: false,
          tie: expect.stringMatching(/^EXPIRED: the intermediate ended at 20/),
        });
        expect(reasons['signing-authority']).toMatch(/^EXPIRED/);
      });
      const streams = await dc2.askServer<Streams>({ path: '/v1/replication' });
      expect(streams.State).toBe('EXPIRED');
      const refusal = await askFreshLeaf(dc2);
      expect({ status: refusal.status, text: refusal.text }).toEqual({
        status: 500,
        text: expect.stringMatching(/expired|ended/i),
      });
    },
  );

  suite.step('when the WAN heals, all of it recovers by itself', async (mesh) => {
    await mesh.healWan();
    const { tookMs } = await timed(() => mesh.dc2.serverReady(RECOVERED_LIMIT_MS));
    console.info(`dc2 is ready ${Math.round(tookMs)} ms after the WAN carries again`);
    await mesh.dc2.agentReady(RECOVERED_LIMIT_MS);
    await expectInSync(mesh, RECOVERED_LIMIT_MS);
    await expectFreshLeaf(mesh.dc2, (await mesh.dc1.roots()).ActiveRootID);
    for (const route of cast.routes) await passes(route, RECOVERED_LIMIT_MS);
    load = new HandshakeLoad(cast.routes);
    load.start();
    await load.reaches(ANSWERS);
    await load.stop();
    expect(load.failures).toEqual([]);
  });
});
