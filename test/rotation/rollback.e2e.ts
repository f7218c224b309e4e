import { afterAll, describe, expect } from '@jest/globals';
import type { Mesh } from '../e2e/harness/mesh.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import {
  leavesUnder,
  onlyRoots,
  passesOn,
  type RotationCast,
  startRotationCast,
} from '../e2e/harness/rotation-cast.js';
import { type RotationAnswer, wayOf, WHOLE_WAY } from '../e2e/harness/rotations.js';

/** Leaf and intermediate. */
const SHORT_CHAIN = 2;
/** So many leaves at so many per second: a re-issue takes some seconds. */
const LEAVES = 24;
const CSR_PER_SECOND = 6;
/** An agent that says nothing for 15 s is offline. */
const OFFLINE_LIMIT_MS = 45_000;

describe('a rotation that is held, turned back or waits for somebody', () => {
  let cast: RotationCast;
  let firstRoot: string;
  const suite = meshSuite(async (mesh) => {
    cast = await startRotationCast(mesh);
    firstRoot = (await mesh.dc1.roots()).ActiveRootID;
  });
  afterAll(() => cast?.load.stop());

  /** Everything stands under the first root, as if nothing had been. */
  const isUndone = async (mesh: Mesh, { ID }: RotationAnswer): Promise<void> => {
    const undone = await cast.rotations.reaches(ID, 'rolled-back');
    expect((await mesh.dc1.roots()).ActiveRootID).toBe(firstRoot);
    await onlyRoots(mesh, [firstRoot]);
    await leavesUnder(mesh, cast, firstRoot, SHORT_CHAIN);
    await passesOn(cast, `rolled back by way of ${wayOf(undone).join(', ')}`);
  };

  suite.step('rolled back from distribute: nobody got another leaf, and the next root is gone', async (mesh) => {
    const { SerialNumber } = await cast.web.leaf();
    cast.spare.process.freeze();
    const begun = await cast.rotations.start();
    await cast.rotations.reaches(begun.ID, 'distribute');
    await cast.rotations.act(begun.ID, 'rollback', { Reason: 'second thoughts' });
    cast.spare.process.resume();
    await isUndone(mesh, begun);
    expect((await cast.web.leaf()).SerialNumber).toBe(SerialNumber);
  });

  suite.step(
    'rolled back from activate in the middle of the re-issues: everybody is under the first root again',
    async (mesh) => {
      const put = await mesh.dc1.callServer({
        method: 'PUT',
        path: '/v1/connect/ca/configuration',
        body: { Provider: 'consul', Config: { CSRMaxPerSecond: CSR_PER_SECOND } },
      });
      expect({ status: put.status, text: put.text }).toEqual({ status: 200, text: '' });
      for (let leaf = 0; leaf < LEAVES; leaf += 1) await cast.spare.leaf(`batch-${leaf}`);
      const begun = await cast.rotations.start();
      const half = await cast.rotations.until(
        begun.ID,
        'a third of the leaves of dc2 have moved',
        ({ Phase, Datacenters }) => {
          const { Staying = 0, Leaving = 0 } = Datacenters.find(({ Datacenter }) => Datacenter === 'dc2')?.Leaves ?? {};
          return Phase === 'activate' && Staying > (Staying + Leaving) / 3;
        },
      );
      expect(half.Datacenters.find(({ Datacenter }) => Datacenter === 'dc2')!.Leaves.Leaving).toBeGreaterThan(0);
      await cast.rotations.act(begun.ID, 'rollback');
      await isUndone(mesh, begun);
      const { Datacenters } = await cast.rotations.read(begun.ID);
      expect(Datacenters.map(({ Leaves }) => Leaves.Leaving)).toEqual([0, 0]);
      expect(Datacenters.find(({ Datacenter }) => Datacenter === 'dc2')!.Leaves.Staying).toBeGreaterThan(LEAVES);
    },
  );

  suite.step('rolled back from verify, when all have moved: likewise', async (mesh) => {
    const put = await mesh.dc1.callServer({
      method: 'PUT',
      path: '/v1/connect/ca/configuration',
      body: { Provider: 'consul', Config: {} },
    });
    expect({ status: put.status, text: put.text }).toEqual({ status: 200, text: '' });
    const begun = await cast.rotations.start({ VerifyWindow: '60s' });
    const { RootID } = await cast.rotations.reaches(begun.ID, 'verify');
    await leavesUnder(mesh, cast, RootID!, SHORT_CHAIN + 1);
    await cast.rotations.act(begun.ID, 'rollback');
    await isUndone(mesh, begun);
    const late = await cast.rotations.tryAct(begun.ID, 'resume');
    expect(late).toMatchObject({ status: 409, text: expect.stringMatching(/rolled back/) });
  });

  suite.step(
    'paused in each phase it stays there though its gate is met, and goes on when it is resumed',
    async (mesh) => {
      cast.spare.process.freeze();
      const { ID } = await cast.rotations.start({ VerifyWindow: '3s', RetireGrace: '3s' });
      for (const phase of ['distribute', 'activate', 'verify', 'retire']) {
        await cast.rotations.reaches(ID, phase);
        const paused = await cast.rotations.act(ID, 'pause', { Reason: `in ${phase}` });
        expect(paused).toMatchObject({ Phase: phase, Health: 'paused' });
        if (phase !== 'verify') cast.spare.process.resume();
        const met = await cast.rotations.until(
          ID,
          `the gate of ${phase} is met`,
          ({ Gates }) => Gates[phase]?.Met === true,
        );
        expect(met).toMatchObject({ Phase: phase, Health: 'paused' });
        await passesOn(cast, `paused in ${phase}`);
        expect(await cast.rotations.read(ID)).toMatchObject({ Phase: phase, Health: 'paused' });
        // It trusts the next root already, and has leaves under the previous one: that holds up the next phase.
        if (phase === 'distribute') cast.spare.process.freeze();
        await cast.rotations.act(ID, 'resume');
      }
      const done = await cast.rotations.reaches(ID, 'completed');
      expect(wayOf(done)).toEqual(WHOLE_WAY);
      await onlyRoots(mesh, [done.RootID!]);
      await passesOn(cast, 'after every pause');
    },
  );

  suite.step(
    'an agent that went away with its leaves blocks activate by name, until it is waived with a reason',
    async (mesh) => {
      const { AccessorID } = await mesh.dc1.askServer<{ AccessorID: string }>({ path: '/v1/acl/token/self' });
      await cast.spare.process.kill();
      const { ID } = await cast.rotations.start();
      const blocked = await cast.rotations.until(
        ID,
        'it is blocked in activate',
        ({ Phase, Health, Blockers }) => Phase === 'activate' && Health === 'blocked' && Blockers.length === 1,
        OFFLINE_LIMIT_MS,
      );
      const spare = { Datacenter: 'dc2', Node: cast.spare.node };
      expect(blocked.Blockers).toMatchObject([
        { ...spare, Reason: 'offline', Detail: expect.stringMatching(/^offline since 20/) },
      ]);
      await passesOn(cast, 'blocked by an agent that is away');
      const stranger = await cast.rotations.tryAct(ID, 'waive', { Datacenter: 'dc9', Reason: 'is it?' });
      expect(stranger).toMatchObject({ status: 500, text: expect.stringContaining('dc9') });
      const waived = await cast.rotations.act(ID, 'waive', { ...spare, Reason: 'its disk is broken' });
      expect(waived.Waivers).toMatchObject([{ ...spare, Reason: 'its disk is broken', By: AccessorID }]);
      const done = await cast.rotations.reaches(ID, 'completed');
      expect(wayOf(done)).toEqual(WHOLE_WAY);
      expect(done.Journal).toContainEqual(
        expect.objectContaining({
          Event: 'waive',
          Actor: AccessorID,
          From: 'activate',
          Text: `no longer waits for dc2/${cast.spare.node}: its disk is broken`,
        }),
      );
      await onlyRoots(mesh, [done.RootID!]);
      await passesOn(cast, 'without it');
    },
  );

  suite.step('and when it comes back, it finds its way to the present root', async (mesh) => {
    cast.spare.process.start();
    await cast.spare.ready();
    const { ActiveRootID } = await mesh.dc1.roots();
    await cast.spare.hasLeafUnder('batch', ActiveRootID, mesh);
    await passesOn(cast, 'after all');
    await cast.load.stop();
    console.info(cast.load.summary);
    expect(cast.load.failures).toEqual([]);
  });
});
