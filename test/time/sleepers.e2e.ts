import { afterAll, describe, expect } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCertificates } from '@banyan/pki';
import { eventually } from '../e2e/harness/eventually.js';
import { HandshakeLoad } from '../e2e/harness/handshake-load.js';
import { healthOf } from '../e2e/harness/health.js';
import type { Mesh } from '../e2e/harness/mesh.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { rootOf } from '../e2e/harness/root-rotation.js';
import { Rotations, wayOf, WHOLE_WAY } from '../e2e/harness/rotations.js';
import { shortenLives } from '../e2e/harness/short-lives.js';
import { SpareAgent } from '../e2e/harness/spare-agent.js';
import { startWebAndApi } from '../e2e/harness/web-and-api.js';

/** Each begins a minute before it is made: it ends 70 s after. */
const LIVES = { intermediate: '8760h', leaf: '130s' };
const FINISHED_LIMIT_MS = 90_000;
const ANSWERS = 40;
const SERVICE = 'batch';

interface Recovery {
  readonly from: string;
  readonly to: string;
  readonly steps: number;
}

const recoveryIn = ({ process }: SpareAgent): Recovery => {
  const line = process.log.split('\n').find((each) => each.includes('"msg":"trust recovered by transitions"'));
  expect(line).toBeDefined();
  const { from, to, steps } = JSON.parse(line!) as Recovery;
  return { from, to, steps };
};

describe('agents that slept while roots came and went', () => {
  let load: HandshakeLoad;
  let rotations: Rotations;
  let sleeper: SpareAgent;
  let endsAt: number;
  /** Fingerprints of the roots that were active, in order. */
  const roots: string[] = [];
  const pinFiles: string[] = [];
  const suite = meshSuite(async (mesh) => {
    await mesh.startServers();
    await shortenLives(mesh.dc1, LIVES);
    await mesh.startAgents();
    const { routes } = await startWebAndApi(mesh);
    load = new HandshakeLoad(routes);
    load.start();
    rotations = new Rotations(mesh.dc1);
    await keepPin(mesh);
  });
  afterAll(() => load?.stop());

  /** The pin that an operator has written down today. */
  const keepPin = async (mesh: Mesh): Promise<void> => {
    const answer = await mesh.dc1.roots();
    roots.push(rootOf(answer, answer.ActiveRootID).fingerprintSha256);
    const file = join(mesh.folder, `pin-${roots.length}`);
    writeFileSync(file, readFileSync(join(mesh.dc1.dataDir, 'root.fingerprint')));
    pinFiles.push(file);
  };

  suite.step('one of them goes to sleep, and two rotations retire every root it knew', async (mesh) => {
    sleeper = await SpareAgent.layOut(mesh, 'dc2', { pinFile: pinFiles[0]! });
    sleeper.process.start();
    await sleeper.ready();
    const [leaf] = parseCertificates((await sleeper.leaf(SERVICE)).CertPEM);
    // Its own certificate was signed before.
    endsAt = leaf!.notAfter;
    await sleeper.process.stop();
    for (const times of [1, 2]) {
      load.enter(`rotation ${times} while an agent sleeps`);
      const { ID } = await rotations.start();
      await rotations.act(ID, 'waive', { Datacenter: 'dc2', Node: sleeper.node, Reason: 'its host is switched off' });
      const done = await rotations.reaches(ID, 'completed', FINISHED_LIMIT_MS);
      expect(wayOf(done)).toEqual(WHOLE_WAY);
      expect((await mesh.dc1.roots()).Roots.map((root) => root.ID)).toEqual([done.RootID]);
      await load.reaches(ANSWERS);
      await keepPin(mesh);
    }
    expect(new Set(roots).size).toBe(3);
  });

  suite.step('it wakes with an identity that has ended, and comes back along the roots that vouched', async (mesh) => {
    await eventually('what it held has ended', { limitMs: FINISHED_LIMIT_MS }, () => {
      expect(Date.now()).toBeGreaterThan(endsAt);
    });
    sleeper.process.start();
    await sleeper.ready();
    expect(recoveryIn(sleeper)).toEqual({ from: roots[0], to: roots[2], steps: 2 });
    await sleeper.hasLeafUnder(SERVICE, (await mesh.dc1.roots()).ActiveRootID, mesh);
  });

  suite.step('a host that joins with the pin of a retired root is led to the present one', async (mesh) => {
    const joiner = await SpareAgent.layOut(mesh, 'dc1', { node: 'late-joiner', pinFile: pinFiles[1]! });
    joiner.process.start();
    await joiner.ready();
    expect(recoveryIn(joiner)).toEqual({ from: roots[1], to: roots[2], steps: 1 });
    await joiner.hasLeafUnder(SERVICE, (await mesh.dc1.roots()).ActiveRootID, mesh);
    await joiner.process.stop();
    await load.reaches(ANSWERS);
    await load.stop();
    console.info(load.summary);
    expect(load.failures).toEqual([]);
  });

  suite.step('the pin of a compromised root is refused, also by a way through it, with what to do', async (mesh) => {
    const { ID } = await rotations.taint({
      RootID: (await mesh.dc1.roots()).ActiveRootID,
      Reason: 'its key was copied',
      Deadline: '10s',
    });
    await rotations.reaches(ID, 'completed', FINISHED_LIMIT_MS);
    const { ActiveRootID } = await mesh.dc1.roots();
    for (const [node, pinFile] of [
      ['pin-of-the-compromised', pinFiles[2]!],
      ['pin-before-the-compromised', pinFiles[0]!],
    ] as const) {
      const joiner = await SpareAgent.layOut(mesh, 'dc1', { node, pinFile });
      joiner.process.start();
      await eventually(`${node} is refused by name`, { limitMs: 20_000 }, async () => {
        const { ok, reasons } = await healthOf(joiner.address);
        expect({ ok, identity: reasons['identity'] }).toEqual({
          ok: false,
          identity: expect.stringMatching(/^ROOT_TAINTED: .*compromised.*have the operator give a new pin/),
        });
      });
      writeFileSync(pinFile, readFileSync(join(mesh.dc1.dataDir, 'root.fingerprint')));
      await joiner.ready();
      await joiner.hasLeafUnder(SERVICE, ActiveRootID, mesh);
      await joiner.process.stop();
    }
  });
});
