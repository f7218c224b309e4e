import { afterAll, describe, expect } from '@jest/globals';
import { eventually } from './harness/eventually.js';
import { meshSuite } from './harness/mesh-suite.js';
import { leavesUnder, onlyRoots, passesOn, type RotationCast, startRotationCast } from './harness/rotation-cast.js';
import { type RotationAnswer, wayOf, WHOLE_WAY } from './harness/rotations.js';
import { queryStore, storedRoots } from './harness/stored-roots.js';

/** Leaf and intermediate. */
const SHORT_CHAIN = 2;
const CONFIGURATION = '/v1/connect/ca/configuration';

interface Adoption {
  readonly Datacenter: string;
  readonly SigningRootID: string;
  readonly Agents: { readonly Live: number; readonly Trusting: Readonly<Record<string, number>> };
  readonly Leaves: Readonly<Record<string, number>>;
  readonly Shadow: { readonly RootID: string; readonly Checked: number; readonly Failed: number };
}

describe('a rotation, the whole way of its operator', () => {
  let cast: RotationCast;
  let firstRoot: string;
  let quoted: string;
  const suite = meshSuite(async (mesh) => {
    cast = await startRotationCast(mesh);
    firstRoot = (await mesh.dc1.roots()).ActiveRootID;
  });
  afterAll(() => cast?.load.stop());

  suite.step('a dry run says what would be touched, and changes nothing', async (mesh) => {
    const { Plan, PlanHash } = await eventually('everybody has reported', { limitMs: 20_000 }, async () => {
      const answer = await cast.rotations.plan();
      expect(answer.Plan.Blockers).toEqual([]);
      // Each agent's leaf and its own certificate; dc2 has two agents.
      expect(answer.Plan.Datacenters.map(({ Workloads }) => Workloads)).toEqual([1, 2]);
      return answer;
    });
    expect(Plan).toMatchObject({ LeavingRootID: firstRoot, CrossSign: true });
    expect(Plan.Datacenters.map(({ Datacenter }) => Datacenter).toSorted()).toEqual(['dc1', 'dc2']);
    // Besides those: two intermediates, the root and its cross-signed certificate.
    expect(Plan.Totals).toMatchObject({ Datacenters: 2, Agents: 3, Signatures: 10 });
    expect((await cast.rotations.plan()).PlanHash).toBe(PlanHash);
    expect(await cast.rotations.list()).toEqual([]);
    await onlyRoots(mesh, [firstRoot]);
    quoted = PlanHash;
  });

  suite.step('the hash of a world that has changed is refused by name, and so is none', async (mesh) => {
    await mesh.dc2.askAgent({ path: '/v1/agent/connect/ca/leaf/newcomer' });
    await eventually('the plan has changed', { limitMs: 15_000 }, async () => {
      expect((await cast.rotations.plan()).PlanHash).not.toBe(quoted);
    });
    for (const body of [{ PlanHash: quoted }, {}]) {
      const { status, text } = await cast.rotations.tryStart(body);
      expect({ status, text }).toEqual({ status: 409, text: expect.stringMatching(/plan/i) });
    }
    expect(await cast.rotations.list()).toEqual([]);
  });

  suite.step('the plan is carried out, watched by blocking queries through every phase', async (mesh) => {
    const begun = await cast.rotations.start({ Reason: 'by hand' });
    cast.load.enter('a whole rotation');
    // Looked at while it is held before its end, and from then on it goes by itself.
    const following = cast.rotations.follow(begun.ID);
    const held = await cast.rotations.reaches(begun.ID, 'verify');
    await cast.rotations.act(begun.ID, 'pause', { Reason: 'to look around' });
    await seenOnTheWay(held.RootID!, held.PreviousRootID!);
    await leavesUnder(mesh, cast, held.RootID!, SHORT_CHAIN + 1);
    await eventually('both datacenters say what they hold', { limitMs: 15_000 }, async () => {
      for (const datacenter of mesh.datacenters) {
        const adoption = await datacenter.askServer<Adoption>({ path: '/v1/connect/ca/adoption' });
        expect(adoption).toMatchObject({ Datacenter: datacenter.name, SigningRootID: held.RootID });
        expect(adoption.Agents.Trusting[held.RootID!]).toBe(adoption.Agents.Live);
        expect(Object.keys(adoption.Leaves)).toEqual([held.RootID]);
        expect(adoption.Shadow).toMatchObject({ RootID: held.RootID, Failed: expect.any(Number) });
        expect(adoption.Shadow.Checked).toBeGreaterThan(0);
      }
    });
    await cast.rotations.act(begun.ID, 'resume');
    const answers = await following;
    expectInOrder(answers);
    expect(wayOf(answers.at(-1)!)).toEqual(WHOLE_WAY);
    expect(cast.load.failures).toEqual([]);
  });

  /** What the rotation itself says, while it proves that nobody needs the previous root. */
  const seenOnTheWay = async (next: string, previous: string): Promise<void> => {
    expect(previous).toBe(firstRoot);
    const [{ ID }] = (await cast.rotations.list()) as [RotationAnswer];
    await cast.rotations.until(ID, 'both datacenters compare handshakes with the next root', ({ Datacenters }) =>
      Datacenters.every(
        ({ HoldsRoot, SigningRootID, Agents, Leaves, Shadow }) =>
          HoldsRoot &&
          SigningRootID === next &&
          Agents.Trusting === Agents.Live &&
          Leaves.Leaving === 0 &&
          Leaves.Staying > 0 &&
          Shadow.RootID === next,
      ),
    );
  };

  suite.step('the first root is in no bundle, its key is gone, chains are short again', async (mesh) => {
    const { ActiveRootID } = await mesh.dc1.roots();
    expect(ActiveRootID).not.toBe(firstRoot);
    await onlyRoots(mesh, [ActiveRootID]);
    expect(await storedRoots(mesh.dc1.dataDir)).toMatchObject([{ id: ActiveRootID, state: 'active', hasKey: true }]);
    const [order] = await queryStore<{ sealed: number }>(
      mesh.dc1.dataDir,
      'SELECT count(sealed_order)::int AS sealed FROM rotation',
    );
    expect(order).toEqual({ sealed: 0 });
    await leavesUnder(mesh, cast, ActiveRootID, SHORT_CHAIN);
    await passesOn(cast, 'without the first root');
  });

  suite.step(
    'a write of lifetimes and limits during a rotation touches no root; a second rotation is refused',
    async (mesh) => {
      const { ActiveRootID: before } = await mesh.dc1.roots();
      cast.spare.process.freeze();
      const { ID } = await cast.rotations.start({ VerifyWindow: '6s' });
      await cast.rotations.reaches(ID, 'distribute');
      await cast.rotations.act(ID, 'pause', { Reason: 'held' });
      const staged = (await mesh.dc1.roots()).Roots.map((root) => root.ID);
      const put = await mesh.dc1.callServer({
        method: 'PUT',
        path: CONFIGURATION,
        body: { Provider: 'consul', Config: { LeafCertTTL: '48h', CSRMaxPerSecond: 100 } },
      });
      expect({ status: put.status, text: put.text }).toEqual({ status: 200, text: '' });
      const { Config } = await mesh.dc1.askServer<{ Config: object }>({ path: CONFIGURATION });
      expect(Config).toMatchObject({ LeafCertTTL: '48h', CSRMaxPerSecond: 100 });
      expect((await mesh.dc1.roots()).Roots.map((root) => root.ID)).toEqual(staged);
      expect(await cast.rotations.list()).toHaveLength(2);
      for (const refusal of [
        await cast.rotations.tryStart({ PlanHash: (await cast.rotations.plan()).PlanHash }),
        await mesh.dc1.callServer({
          method: 'PUT',
          path: CONFIGURATION,
          body: { Provider: 'consul', Config: { PrivateKeyType: 'ec', PrivateKeyBits: 384 } },
        }),
      ]) {
        expect(refusal).toMatchObject({ status: 409, text: expect.stringContaining(ID) });
      }
      expect((await mesh.dc1.roots()).ActiveRootID).toBe(before);
      await passesOn(cast, 'held in distribute');
      cast.spare.process.resume();
      await cast.rotations.act(ID, 'resume');
      await cast.rotations.reaches(ID, 'verify');
    },
  );

  suite.step(
    'once leaves have moved, a write of another key runs the same machine and answers when it is active',
    async (mesh) => {
      const [earlier] = (await cast.rotations.list()).filter(({ Phase }) => Phase === 'verify');
      const { status, text } = await mesh.dc1.callServer({
        method: 'PUT',
        path: CONFIGURATION,
        body: { Provider: 'consul', Config: { PrivateKeyType: 'ec', PrivateKeyBits: 384 } },
      });
      expect({ status, text }).toEqual({ status: 200, text: '' });
      const later = (await cast.rotations.list()).find(({ Phase, ID }) => ID !== earlier!.ID && Phase !== 'completed')!;
      expect((await mesh.dc1.roots()).ActiveRootID).toBe(later.RootID);
      expect(later.PreviousRootID).toBe(earlier!.RootID);
      // Roots leave oldest first: the later one waits for the earlier one.
      await cast.rotations.reaches(later.ID, 'verify');
      await passesOn(cast, 'two rotations wait for their roots to leave');
      expect(wayOf(await cast.rotations.reaches(earlier!.ID, 'completed', 60_000))).toEqual(WHOLE_WAY);
      await onlyRoots(mesh, [later.PreviousRootID!, later.RootID!]);
      const retired = await cast.rotations.act(later.ID, 'retire', { Reason: 'its usual grace is long' });
      expect(retired.Phase).toBe('completed');
      await onlyRoots(mesh, [later.RootID!]);
      await leavesUnder(mesh, cast, later.RootID!, SHORT_CHAIN);
    },
  );

  suite.step('over all phases not one handshake failed', async () => {
    await passesOn(cast, 'after all');
    await cast.load.stop();
    console.info(cast.load.summary);
    expect(cast.load.failures).toEqual([]);
  });
});

/** Every answer of a blocking query is news, and the phases come in their order. */
const expectInOrder = (answers: readonly RotationAnswer[]): void => {
  const places = answers.map(({ Phase }) => WHOLE_WAY.indexOf(Phase as (typeof WHOLE_WAY)[number]));
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  expect(new Set(answers.map(({ Phase }) => Phase)).size).toBeGreaterThanOrEqual(4);
};
