import { afterAll, describe, expect } from '@jest/globals';
import { expectFreshLeaf, expectInSync } from '../e2e/harness/datacenter-state.js';
import { HandshakeLoad } from '../e2e/harness/handshake-load.js';
import type { Mesh } from '../e2e/harness/mesh.js';
import type { MeshProcess } from '../e2e/harness/mesh-process.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { leafUnder, rootOf } from '../e2e/harness/root-rotation.js';
import {
  leavesUnder,
  onlyRoots,
  passesOn,
  PER_PHASE,
  type RotationCast,
  startRotationCast,
} from '../e2e/harness/rotation-cast.js';
import { type RotationAnswer, wayOf, WHOLE_WAY } from '../e2e/harness/rotations.js';
import { passes } from '../e2e/harness/web-and-api.js';

/** Leaf and intermediate; each root that somebody may still need adds one. */
const SHORT_CHAIN = 2;
/** From the start of the server until it signs under the newest root. */
const BACK_LIMIT_MS = 30_000;

describe('a secondary whose server is away during two rotations', () => {
  let cast: RotationCast;
  let load: HandshakeLoad | undefined;
  const rotated: RotationAnswer[] = [];
  let logged = 0;
  const suite = meshSuite(async (mesh) => {
    cast = await startRotationCast(mesh);
  });
  afterAll(async () => {
    await cast?.load.stop();
    await load?.stop();
  });

  suite.step('the first one goes past it, and the cross-signed certificate covers its side', async (mesh) => {
    await mesh.dc2.server.stop();
    logged = mesh.dc2.server.log.length;
    rotated.push(await pastTheAbsent(cast, mesh));
    await passesOn(cast, 'away during one rotation');
  });

  suite.step('the second one, too: chains lead across two roots', async (mesh) => {
    rotated.push(await pastTheAbsent(cast, mesh));
    expect(rotated[1]!.PreviousRootID).toBe(rotated[0]!.RootID);
    expect(await cast.web.chain()).toHaveLength(SHORT_CHAIN + 2);
    await passesOn(cast, 'away during two rotations');
  });

  suite.step(
    'started again it goes to the newest root in one step, and both rotations end by themselves',
    async (mesh) => {
      const newest = rotated[1]!.RootID!;
      mesh.dc2.server.start();
      await mesh.dc2.serverReady();
      cast.load.enter('it is back');
      await leavesUnderNewest(mesh, newest);
      for (const { ID } of rotated)
        expect(wayOf(await cast.rotations.reaches(ID, 'completed', 60_000))).toEqual(WHOLE_WAY);
      await onlyRoots(mesh, [newest]);
      await leavesUnder(mesh, cast, newest, SHORT_CHAIN);
      expect(intermediatesSince(mesh.dc2.server, logged)).toEqual([newest]);
      await cast.spare.hasLeafUnder('batch', newest, mesh);
      await passesOn(cast, 'in step again');
      await cast.load.stop();
      console.info(cast.load.summary);
      expect(cast.load.failures).toEqual([]);
    },
  );

  suite.step('away again, waived, and every root it knows retired: that is what the waiver says', async (mesh) => {
    await mesh.dc2.server.stop();
    logged = mesh.dc2.server.log.length;
    for (let times = 0; times < 2; times += 1) {
      const { ID } = await cast.rotations.start();
      const waived = await cast.rotations.act(ID, 'waive', { Datacenter: 'dc2', Reason: 'its building is closed' });
      expect(waived.Waivers).toMatchObject([{ Datacenter: 'dc2', Reason: 'its building is closed' }]);
      const done = await cast.rotations.reaches(ID, 'completed', 60_000);
      expect(wayOf(done)).toEqual(WHOLE_WAY);
      expect((await mesh.dc1.roots()).Roots.map((root) => root.ID)).toEqual([done.RootID]);
    }
  });

  suite.step('it comes back in one step, its agents with it, and every handshake passes again', async (mesh) => {
    const { ActiveRootID: newest } = await mesh.dc1.roots();
    mesh.dc2.server.start();
    await mesh.dc2.serverReady();
    await expectInSync(mesh, BACK_LIMIT_MS);
    await leavesUnderNewest(mesh, newest);
    await mesh.dc2.agentReady();
    await cast.spare.hasLeafUnder('batch', newest, mesh);
    await expectFreshLeaf(mesh.dc2, newest);
    await onlyRoots(mesh, [newest]);
    expect(intermediatesSince(mesh.dc2.server, logged)).toEqual([newest]);
    for (const route of cast.routes) await passes(route, BACK_LIMIT_MS);
    load = new HandshakeLoad(cast.routes);
    load.start();
    await load.reaches(PER_PHASE);
    await load.stop();
    expect(load.failures).toEqual([]);
  });

  const leavesUnderNewest = async (mesh: Mesh, rootId: string): Promise<void> => {
    const root = rootOf(await mesh.dc1.roots(), rootId);
    for (const service of [cast.web, cast.api]) await leafUnder(service, root, BACK_LIMIT_MS);
  };
});

/** Rotates without dc2: the bounded wait ends the first gate, a person steps over the second; all of dc1 has moved. */
const pastTheAbsent = async ({ rotations }: RotationCast, mesh: Mesh): Promise<RotationAnswer> => {
  const { ID } = await rotations.start({ DistributeWait: '2s' });
  await rotations.until(
    ID,
    'only dc2 is waited for',
    ({ Phase, Blockers }) =>
      Phase === 'activate' && Blockers.length > 0 && Blockers.every(({ Datacenter }) => Datacenter === 'dc2'),
  );
  const advanced = await rotations.act(ID, 'advance', { Reason: 'dc2 is being moved' });
  expect(advanced.Phase).toBe('verify');
  expect(advanced.Journal.at(-1)!.Text).toContain('left behind: dc2');
  expect((await mesh.dc1.roots()).ActiveRootID).toBe(advanced.RootID);
  return advanced;
};

/** The roots under which a server asked for an intermediate since then, in order. */
const intermediatesSince = ({ log }: MeshProcess, from: number): readonly string[] =>
  log
    .slice(from)
    .split('\n')
    .filter((line) => line.includes('"msg":"intermediate needed"'))
    .map((line) => (JSON.parse(line) as { root: string }).root);
