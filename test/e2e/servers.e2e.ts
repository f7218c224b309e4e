import { afterAll, describe, expect } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { expectFreshLeaf, expectInSync, intentionsOf } from './harness/datacenter-state.js';
import type { Datacenter } from './harness/datacenter.js';
import { eventually, timed } from './harness/eventually.js';
import { HandshakeLoad } from './harness/handshake-load.js';
import { IntentionWriters } from './harness/intention-writers.js';
import { currentHolder, holderOf, serversOf, TAKEOVER_LIMIT_MS, takenOver } from './harness/lease-holder.js';
import { meshSuite } from './harness/mesh-suite.js';
import { nextRootEverywhere, rotate } from './harness/root-rotation.js';
import { startWebAndApi } from './harness/web-and-api.js';

/** Longer than a lease lives (6 s), so that somebody else takes it. */
const FROZEN_MS = 15_000;
/** By then a silent server is known to be, also on a connection with nothing but quiet streams. */
const FOUND_LIMIT_MS = 7_000;
const PER_PHASE = 60;
const CONVERGED_LIMIT_MS = 25_000;

/** When a process wrote that message, in epoch ms; NaN if it did not. */
const timeOf = (log: string, message: string): number => {
  const line = log.split('\n').find((each) => each.includes(`"msg":"${message}"`));
  return Number((JSON.parse(line ?? '{}') as { time?: unknown }).time);
};

/** A write through the agent is acknowledged, however often it has to be tried. */
const written = (datacenter: Datacenter, source: string): Promise<void> =>
  eventually('a write is acknowledged', { limitMs: TAKEOVER_LIMIT_MS }, async () => {
    expect(await datacenter.putIntentionByAgent(source, 'api', 'allow', 4_000)).toMatchObject({ status: 200 });
  });

describe('two servers per datacenter over one database', () => {
  let load: HandshakeLoad;
  let writers: IntentionWriters;
  const suite = meshSuite(
    async (mesh) => {
      await mesh.startServers();
      await mesh.startAgents();
      const cast = await startWebAndApi(mesh);
      load = new HandshakeLoad(cast.routes);
      load.start();
      writers = new IntentionWriters(mesh, 'agent');
    },
    { twoServers: true },
  );
  afterAll(async () => {
    await load?.stop();
    await writers?.abandon();
  });

  suite.step('they know each other, and one of them leads', async (mesh) => {
    for (const datacenter of mesh.datacenters) {
      const holder = await currentHolder(datacenter);
      await eventually('both are listed as alive', { limitMs: 10_000 }, async () => {
        const { Servers } = await serversOf(datacenter);
        expect(Servers.map(({ Name, Alive }) => [Name, Alive])).toEqual([
          [`${datacenter.name}-server-1`, true],
          [`${datacenter.name}-server-2`, true],
        ]);
      });
      const leader = datacenter.lanAddresses[holder.at];
      for (const asked of [0, 1]) {
        datacenter.asked = asked;
        await eventually('it names the leader and the peers', { limitMs: 5_000 }, async () => {
          expect(await datacenter.askServer({ path: '/v1/status/leader' })).toBe(leader);
          expect(await datacenter.askServer({ path: '/v1/status/peers' })).toEqual(datacenter.lanAddresses.toSorted());
        });
      }
    }
    await load.reaches(PER_PHASE);
  });

  suite.step(
    'the holder is killed: the other takes over within 10 s, leaves are signed and writes are made meanwhile',
    async (mesh) => {
      for (const datacenter of mesh.datacenters) {
        load.enter(`the holder of ${datacenter.name} is killed`);
        const before = await currentHolder(datacenter);
        await datacenter.servers[before.at]!.kill();
        const takeover = timed(() => takenOver(datacenter, before));
        // Without the lease: reads, leaves and writes do not wait for it.
        await written(datacenter, `${datacenter.name}-during-takeover`);
        await expectFreshLeaf(datacenter, (await datacenter.roots()).ActiveRootID);
        const { value, tookMs } = await takeover;
        console.info(`${datacenter.name}: the lease was taken over after ${Math.round(tookMs)} ms`);
        expect(tookMs).toBeLessThan(TAKEOVER_LIMIT_MS);
        expect(value.fencing).toBe(before.fencing + 1);
        await load.reaches(PER_PHASE);
        datacenter.servers[before.at]!.start();
        await datacenter.serverAtReady(before.at);
        expect(load.failures).toEqual([]);
      }
    },
    180_000,
  );

  suite.step(
    'a lone server that comes back from kill -9 takes its own lease over without waiting for its end',
    async ({ dc2 }) => {
      const before = await currentHolder(dc2);
      const [holder, other] = [dc2.servers[before.at]!, dc2.servers[1 - before.at]!];
      await other.stop();
      await holder.kill();
      const logBefore = holder.log.length;
      dc2.asked = before.at;
      holder.start();
      const ready = dc2.serverAtReady(before.at);
      const after = await eventually('it holds the lease', { limitMs: 20_000 }, async () => {
        const again = await holderOf(dc2);
        expect(again.fencing).toBe(before.fencing + 1);
        return again;
      });
      await ready;
      expect(after.at).toBe(before.at);
      // Its own start is what it took: the lease of 6 s would have been waited for otherwise.
      const lines = holder.log.slice(logBefore);
      expect(timeOf(lines, 'a lease was acquired') - timeOf(lines, 'listening')).toBeLessThan(3_000);
      other.start();
      await dc2.serverAtReady(1 - before.at);
    },
    120_000,
  );

  suite.step(
    'the holder of the primary is frozen for 15 s during writes and a rotation: its late writes are refused, it steps down and says so',
    async (mesh) => {
      const { dc1 } = mesh;
      load.enter('the holder of dc1 is frozen during a rotation');
      const before = await currentHolder(dc1);
      const frozen = dc1.servers[before.at]!;
      const { ActiveRootID: previous } = await dc1.roots();
      dc1.asked = 1 - before.at;
      const linesBefore = frozen.log.length;
      const rotation = rotate(dc1, { PrivateKeyType: 'ec', PrivateKeyBits: 384 }).then(
        () => 'answered',
        (error: unknown) => String(error),
      );
      await pause(150);
      frozen.freeze();
      try {
        const frozenUntil = pause(FROZEN_MS);
        const { value, tookMs } = await timed(() => takenOver(dc1, before));
        console.info(`dc1: the lease of the frozen holder was taken over after ${Math.round(tookMs)} ms`);
        expect(tookMs).toBeLessThan(TAKEOVER_LIMIT_MS);
        expect(value.fencing).toBe(before.fencing + 1);
        await written(dc1, 'dc1-while-frozen');
        await frozenUntil;
      } finally {
        frozen.resume();
      }
      await eventually('it says that it stepped down', { limitMs: 10_000 }, () => {
        expect(frozen.log.slice(linesBefore)).toContain('"msg":"a lease is no longer held"');
      });
      console.info(`the rotation under way: ${await rotation}`);
      const next = await nextRootEverywhere(mesh, previous, CONVERGED_LIMIT_MS);
      expect(next.Roots.filter(({ Active }) => Active)).toHaveLength(1);
      await load.reaches(PER_PHASE);
      expect(load.failures).toEqual([]);
      // One root was made, not two: nothing was done twice.
      expect(next.Roots.map(({ ID }) => ID).toSorted()).toEqual([previous, next.ActiveRootID].toSorted());
    },
    180_000,
  );

  suite.step(
    'a server that an agent uses is frozen: calls go to the other one within seconds',
    async ({ dc2 }) => {
      load.enter('a server of dc2 is frozen');
      const { ActiveRootID } = await dc2.roots();
      dc2.servers[0]!.freeze();
      dc2.asked = 1;
      try {
        const { tookMs } = await timed(() => expectFreshLeaf(dc2, ActiveRootID));
        console.info(`dc2: a fresh leaf ${Math.round(tookMs)} ms after a server was frozen`);
        const readMs = async (): Promise<number> =>
          (await timed(() => dc2.askAgent({ path: '/v1/catalog/nodes' }))).tookMs;
        // Calls that meet the frozen one before it is known to be silent are moved; none is lost.
        const found = pause(FOUND_LIMIT_MS).then(() => true);
        while (!(await Promise.race([found, pause(50).then(() => false)]))) expect(await readMs()).toBeLessThan(5_500);
        for (let calls = 0; calls < 6; calls += 1) {
          expect(await readMs()).toBeLessThan(1_500);
        }
      } finally {
        dc2.servers[0]!.resume();
      }
      await load.reaches(PER_PHASE);
      expect(load.failures).toEqual([]);
    },
    90_000,
  );

  suite.step(
    'nothing that was acknowledged is lost, both datacenters agree, and no handshake failed',
    async (mesh) => {
      await writers.stop();
      await load.stop();
      console.info(load.summary);
      expect(load.failures).toEqual([]);
      const { acknowledged, unanswered } = writers;
      console.info(`${acknowledged.length} writes acknowledged, ${unanswered} attempts unanswered or refused`);
      expect(acknowledged.length).toBeGreaterThan(40);
      await expectInSync(mesh, CONVERGED_LIMIT_MS);
      for (const datacenter of mesh.datacenters) {
        expect(await intentionsOf(datacenter)).toEqual(expect.arrayContaining([...acknowledged]));
      }
    },
    60_000,
  );
});
