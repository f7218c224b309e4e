import { afterAll, describe, expect } from '@jest/globals';
import { eventually } from '../e2e/harness/eventually.js';
import { knock } from '../e2e/harness/knock.js';
import type { LeafAnswer } from '../e2e/harness/mesh-service.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import {
  leavesUnder,
  onlyRoots,
  passesOn,
  type RotationCast,
  startRotationCast,
} from '../e2e/harness/rotation-cast.js';
import { type RotationAnswer, wayOf } from '../e2e/harness/rotations.js';
import { queryStore, storedRoots } from '../e2e/harness/stored-roots.js';

/** Leaf and intermediate: nobody vouches for the next root. */
const SHORT_CHAIN = 2;
/** Longer than it takes to know that an agent is offline. */
const DEADLINE_S = 30;

describe('a root whose key is in wrong hands', () => {
  let cast: RotationCast;
  let tainted: string;
  let stolen: LeafAnswer;
  let begun: RotationAnswer;
  const suite = meshSuite(async (mesh) => {
    cast = await startRotationCast(mesh);
    tainted = (await mesh.dc1.roots()).ActiveRootID;
    stolen = await cast.web.leaf();
  });
  afterAll(() => cast?.load.stop());

  suite.step('a dry run lists what will break, by name', async (mesh) => {
    expect(await knock(mesh, cast.api, stolen)).toMatch(/^HTTP\/1\.1 200/);
    const request = { RootID: tainted, Reason: 'seen on a forum' };
    await eventually('every agent has told of its leaf and its own certificate', { limitMs: 20_000 }, async () => {
      const { Plan } = await cast.rotations.planTaint(request);
      expect(Plan.Datacenters.map(({ Workloads }) => Workloads)).toEqual([1, 2]);
    });
    await cast.spare.process.kill();
    const { Plan } = await eventually('the agent that is away is listed', { limitMs: 30_000 }, async () => {
      const answer = await cast.rotations.planTaint(request);
      expect(answer.Plan.Blockers).toHaveLength(1);
      return answer;
    });
    expect(Plan).toMatchObject({ LeavingRootID: tainted, CrossSign: false });
    expect(Plan.Blockers).toMatchObject([{ Datacenter: 'dc2', Node: cast.spare.node, Reason: 'offline' }]);
    for (const { Workloads } of Plan.Datacenters) expect(Workloads).toBeGreaterThan(0);
    expect(await cast.rotations.list()).toEqual([]);
  });

  suite.step(
    'leaves under it are issued anew, without a word of the compromised root for the next one',
    async (mesh) => {
      const startedAt = Date.now();
      begun = await cast.rotations.taint({ RootID: tainted, Reason: 'seen on a forum', Deadline: `${DEADLINE_S}s` });
      cast.load.enter('the root is replaced');
      expect(begun).toMatchObject({ Reason: 'compromise', CrossSigned: false });
      expect(Date.parse(begun.Deadline!) - startedAt).toBeLessThan((DEADLINE_S + 5) * 1_000);
      const { RootID } = await cast.rotations.until(begun.ID, 'leaves move', ({ Phase }) =>
        ['activate', 'retire', 'completed'].includes(Phase),
      );
      await leavesUnder(mesh, cast, RootID!, SHORT_CHAIN);
      for (const { dataDir } of mesh.datacenters) {
        const next = (await storedRoots(dataDir)).find(({ id }) => id === RootID);
        expect(next).toMatchObject({ state: 'active', isCrossSigned: false });
      }
      const late = await cast.rotations.tryAct(begun.ID, 'rollback');
      expect(late).toMatchObject({ status: 409, text: expect.stringMatching(/no way back|compromised/) });
    },
  );

  suite.step(
    'it leaves every bundle by the deadline, whoever still needs it; who that is, is written down',
    async (mesh) => {
      const done = await cast.rotations.reaches(begun.ID, 'completed', (DEADLINE_S + 10) * 1_000);
      expect(wayOf(done)).toEqual(['prepare', 'distribute', 'activate', 'retire', 'completed']);
      await onlyRoots(mesh, [done.RootID!]);
      expect(done.Journal.map(({ Text }) => Text).join('\n')).toContain(cast.spare.node);
      // What the ledger recorded of the primary: no cross-signed certificate was ever made.
      const kinds = await queryStore<{ kind: string }>(mesh.dc1.dataDir, 'SELECT DISTINCT kind FROM issuance');
      expect(kinds.map(({ kind }) => kind).toSorted()).toEqual(['agent', 'intermediate', 'root', 'server', 'service']);
      // A compromised root leads nobody to the next one: of it only the fingerprint is kept.
      const transitions = await queryStore<{ kind: string; cross_signed_pem: string | null }>(
        mesh.dc1.dataDir,
        'SELECT kind, cross_signed_pem FROM root_transition',
      );
      expect(transitions).toEqual([{ kind: 'tainted', cross_signed_pem: null }]);
      await passesOn(cast, 'without the compromised root');
    },
  );

  suite.step('a leaf under it is refused at the handshake, a present one passes', async (mesh) => {
    const logged = cast.api.sidecar.log.length;
    expect(await knock(mesh, cast.api, stolen)).toMatch(/alert unknown ca|closed without an answer|ECONNRESET/);
    await eventually('the sidecar says why', { limitMs: 5_000 }, () => {
      const line = cast.api.sidecar.log
        .slice(logged)
        .split('\n')
        .find((each) => each.includes('"inbound handshake failed"'));
      expect(line).toMatch(/the client's chain is not trusted: UNABLE_TO_/);
    });
    expect(await knock(mesh, cast.api, await cast.web.leaf())).toMatch(/^HTTP\/1\.1 200/);
  });

  suite.step('the agent that was away comes back under the next root', async (mesh) => {
    cast.spare.process.start();
    await cast.spare.ready();
    await cast.spare.hasLeafUnder('batch', (await mesh.dc1.roots()).ActiveRootID, mesh);
    await passesOn(cast, 'after all');
    await cast.load.stop();
    console.info(cast.load.summary);
    expect(cast.load.failures).toEqual([]);
  });
});
