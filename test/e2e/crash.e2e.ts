import { afterAll, describe, expect } from '@jest/globals';
import { setTimeout as pause } from 'node:timers/promises';
import { expectFreshLeaf, expectInSync, intentionsOf } from './harness/datacenter-state.js';
import type { Datacenter } from './harness/datacenter.js';
import { eventually } from './harness/eventually.js';
import { IntentionWriters } from './harness/intention-writers.js';
import type { Mesh } from './harness/mesh.js';
import { meshSuite } from './harness/mesh-suite.js';
import { nextRootEverywhere, nothingMoves, rootOf, rotate } from './harness/root-rotation.js';
import { SeededChance } from './harness/seeded-chance.js';

const WRITES = 20;
/** A killed server takes its own lease over when it starts, and catches up. */
const CONVERGED_LIMIT_MS = 25_000;
const NEXT_KEY = { PrivateKeyType: 'ec', PrivateKeyBits: 384 } as const;

describe('kill -9 at any moment', () => {
  const chance = new SeededChance();
  let writers: IntentionWriters | undefined;
  let rotationAcknowledged = false;
  let firstRoot: string;
  const suite = meshSuite(async (mesh) => {
    console.info(`BANYAN_E2E_SEED=${chance.seed}`);
    await mesh.startServers();
    await mesh.startAgents();
    firstRoot = (await mesh.dc1.roots()).ActiveRootID;
    writers = new IntentionWriters(mesh);
  });
  afterAll(() => writers?.abandon());

  /** Kills after some writes and a moment drawn from the seed, starts again, and waits until the server is ready. */
  const killDuringWrites = async (
    datacenter: Datacenter,
    what: 'server' | 'server and PostgreSQL',
    longestMs = 400,
  ): Promise<void> => {
    const moment = chance.between(0, longestMs);
    console.info(`kill -9 of the ${what} of ${datacenter.name} after ${moment} ms`);
    await pause(moment);
    await datacenter.killServer(what);
    datacenter.server.start();
    await datacenter.serverReady();
  };

  const moreWrites = (count: number): Promise<void> => {
    const wanted = writers!.acknowledged.length + count;
    return eventually(`${count} more writes are acknowledged`, { limitMs: CONVERGED_LIMIT_MS }, () => {
      expect(writers!.acknowledged.length).toBeGreaterThanOrEqual(wanted);
    });
  };

  suite.step('the server of the secondary, during writes', async (mesh) => {
    await moreWrites(4);
    await killDuringWrites(mesh.dc2, 'server');
  });

  suite.step('the server of the primary with its PostgreSQL, during writes and a rotation', async (mesh) => {
    await moreWrites(4);
    const rotation = rotate(mesh.dc1, NEXT_KEY).then(
      () => {
        rotationAcknowledged = true;
      },
      () => undefined, // killed under way: whether it was written is not known
    );
    await killDuringWrites(mesh.dc1, 'server and PostgreSQL', 120);
    await rotation;
  });

  suite.step('the server of the primary, during writes', async (mesh) => {
    await moreWrites(4);
    await killDuringWrites(mesh.dc1, 'server');
  });

  suite.step('the server of the secondary with its PostgreSQL, during writes', async (mesh) => {
    await moreWrites(4);
    await killDuringWrites(mesh.dc2, 'server and PostgreSQL');
  });

  suite.step('nothing that was acknowledged is lost, and both datacenters agree', async (mesh) => {
    await moreWrites(4);
    await writers!.stop();
    const { acknowledged, unanswered } = writers!;
    console.info(`${acknowledged.length} writes acknowledged, ${unanswered} attempts unanswered or refused`);
    expect(acknowledged.length).toBeGreaterThanOrEqual(WRITES);
    await expectInSync(mesh, CONVERGED_LIMIT_MS);
    for (const datacenter of mesh.datacenters) {
      expect(await intentionsOf(datacenter)).toEqual(expect.arrayContaining([...acknowledged]));
    }
  });

  suite.step('the rotation is made as a whole or not at all, and leaves are signed under its outcome', async (mesh) => {
    const roots = await mesh.dc1.roots();
    const { Config } = await mesh.dc1.askServer<{ Config: { PrivateKeyBits?: number } }>({
      path: '/v1/connect/ca/configuration',
    });
    const isMade = roots.ActiveRootID !== firstRoot;
    console.info(`the rotation was ${rotationAcknowledged ? '' : 'not '}acknowledged and ${isMade ? '' : 'not '}made`);
    if (rotationAcknowledged) expect(isMade).toBe(true);
    expect(rootOf(roots, roots.ActiveRootID).keySpec).toEqual({ type: 'ec', bits: isMade ? 384 : 256 });
    expect(Config.PrivateKeyBits ?? 256).toBe(isMade ? 384 : 256);
    await signsEverywhere(mesh, roots.ActiveRootID);
  });

  suite.step('the next rotation works', async (mesh) => {
    // The agents that lost their servers have to be back: until then the rotation before holds the next one up, by name.
    await nothingMoves(mesh, CONVERGED_LIMIT_MS);
    const { ActiveRootID } = await mesh.dc1.roots();
    await rotate(mesh.dc1, { PrivateKeyType: 'ec', PrivateKeyBits: 521 });
    const next = await nextRootEverywhere(mesh, ActiveRootID, CONVERGED_LIMIT_MS);
    await signsEverywhere(mesh, next.ActiveRootID);
  });
});

const signsEverywhere = async (mesh: Mesh, rootId: string): Promise<void> => {
  for (const datacenter of mesh.datacenters) await expectFreshLeaf(datacenter, rootId);
};
