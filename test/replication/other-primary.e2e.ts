import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect } from '@jest/globals';
import { Backup } from '../e2e/harness/backup.js';
import { expectFreshLeaf, intentionsOf } from '../e2e/harness/datacenter-state.js';
import { eventually } from '../e2e/harness/eventually.js';
import { HandshakeLoad } from '../e2e/harness/handshake-load.js';
import { LoneServer } from '../e2e/harness/lone-server.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { makeToken, replicationIsWell, replicationOf, streamIn } from '../e2e/harness/replication-view.js';
import { nextRootEverywhere, rotate } from '../e2e/harness/root-rotation.js';
import { storedRoots } from '../e2e/harness/stored-roots.js';
import { startWebAndApi, type WebAndApi } from '../e2e/harness/web-and-api.js';

const ANSWERS = 20;
const LOST = 50;
const NEXT_KEY = { PrivateKeyType: 'ec', PrivateKeyBits: 384 } as const;

describe('a primary that is not the one it was', () => {
  let load: HandshakeLoad;
  let cast: WebAndApi;
  let lostRoot: string;
  let firstRoot: string;
  /** Another primary with the name of dc1, and a primary called dc3, each with a state of its own. */
  let backup: Backup;
  let other: LoneServer;
  let alone: LoneServer;
  const suite = meshSuite(async (mesh) => {
    [other, alone] = await Promise.all([
      LoneServer.start(mesh, 'dc1', 'other-server'),
      LoneServer.start(mesh, 'dc3', 'lone-server'),
      mesh.startServers(),
    ]);
    await mesh.startAgents();
    cast = await startWebAndApi(mesh);
    load = new HandshakeLoad(cast.routes);
    load.start();
  });
  afterAll(() => load?.stop());

  const holds = async (phase: string): Promise<void> => {
    load.enter(phase);
    await load.reaches(ANSWERS);
  };

  suite.step('another primary at its address is refused by name, whatever the pin says', async (mesh) => {
    await replicationIsWell(mesh);
    const before = await mesh.dc2.roots();
    const pinFile = join(mesh.dc1.dataDir, 'root.fingerprint');
    const pin = readFileSync(pinFile, 'utf8');
    mesh.pretendPrimary(other.addresses.wan);
    await replicationOf(mesh.dc2, 'nobody there has the root it trusts', ({ State, Reason }) => {
      expect({ State, Reason }).toMatchObject({ State: expect.stringMatching(/PIN_MISMATCH|ISSUER_NOT_TRUSTED/) });
    });
    // As an operator does who believes that the primary was made anew.
    writeFileSync(pinFile, other.fingerprint);
    await replicationOf(mesh.dc2, 'its trust domain is another one', ({ State, Reason }) => {
      expect(State).toBe('TRUST_DOMAIN_MISMATCH');
      expect(Reason).toContain(before.TrustDomain.split('.')[0]);
    });
    expect(await mesh.dc2.roots()).toEqual(before);
    await expectFreshLeaf(mesh.dc2, before.ActiveRootID);
    expect(await intentionsOf(mesh.dc2)).toHaveLength(2);
    await holds('pointed at another primary');
    writeFileSync(pinFile, pin);
    mesh.pretendPrimary();
    await replicationIsWell(mesh);
    await other.stop();
  });

  suite.step('a datacenter that stood alone joins only when somebody has seen what it would lose', async (mesh) => {
    const put = { SourceType: 'consul', Action: 'deny' };
    expect(
      await alone.callServer({
        method: 'PUT',
        path: '/v1/connect/intentions/exact?source=web&destination=own',
        body: put,
      }),
    ).toMatchObject({ status: 200 });
    const { secret } = await makeToken(mesh, { kind: 'replication', datacenter: 'dc3' }, 'a token of dc3');
    const tokenFile = join(mesh.folder, 'replication-dc3.token');
    writeFileSync(tokenFile, `${secret}\n`, { mode: 0o600 });
    const { TrustDomain: own } = await alone.askServer<{ TrustDomain: string }>({ path: '/v1/connect/ca/roots' });
    await alone.restartAsSecondary(tokenFile);
    const shown = await replicationOf(alone, 'it asks', ({ State, Adoption }) => {
      expect(State).toBe('ADOPTION_REQUIRED');
      expect(Adoption).toMatchObject({ Confirmed: false, WouldLose: { TrustDomain: own, Intentions: ['own'] } });
    });
    const adopt = (Hash: string) => alone.callServer({ method: 'PUT', path: '/v1/replication/adopt', body: { Hash } });
    const stale = await adopt('another');
    expect([stale.status, stale.headers['x-banyan-error']]).toEqual([409, 'REPLICATION_DIFF_STALE']);
    expect(await alone.askServer({ path: '/v1/connect/ca/roots' })).toMatchObject({ TrustDomain: own });
    expect(await adopt(shown.Adoption!.Hash)).toMatchObject({ status: 200 });
    await replicationOf(alone, 'it has joined', ({ State, Adoption }) => {
      expect({ State, Adoption }).toEqual({ State: 'READY', Adoption: undefined });
    });
    const { TrustDomain, ActiveRootID } = await mesh.dc1.roots();
    expect(await alone.askServer({ path: '/v1/connect/ca/roots' })).toMatchObject({ TrustDomain, ActiveRootID });
    await alone.stop();
    await holds('another datacenter has joined');
  });

  suite.step('the primary comes back from a backup of before a rotation and 50 intentions', async (mesh) => {
    firstRoot = (await mesh.dc1.roots()).ActiveRootID;
    backup = await Backup.take(mesh.dc1);
    await replicationIsWell(mesh);
    await rotate(mesh.dc1, NEXT_KEY);
    lostRoot = (await nextRootEverywhere(mesh, firstRoot, 20_000)).ActiveRootID;
    for (let n = 0; n < LOST; n += 1) {
      expect(await mesh.dc1.putIntention('web', `lost-${n}`, 'deny')).toMatchObject({ status: 200 });
    }
    await eventually('dc2 has them all', { limitMs: 10_000 }, async () => {
      expect(await intentionsOf(mesh.dc2)).toHaveLength(LOST + 2);
    });
    await holds('before the restore');
    load.enter('the primary is restored');
    await backup.restore();
    expect(await intentionsOf(mesh.dc1)).toHaveLength(2);
  });

  suite.step('it notices, says so, and has the root again that it had lost', async (mesh) => {
    await replicationOf(mesh.dc1, 'the alarm has its name', ({ Alarms }) => {
      expect(Alarms.map(({ Code }) => Code)).toContain('HISTORY_RESTORED');
    });
    await eventually(
      'both datacenters trust the lost root, and sign under the first',
      { limitMs: 30_000 },
      async () => {
        for (const datacenter of mesh.datacenters) {
          const { ActiveRootID, Roots } = await datacenter.roots();
          expect([datacenter.name, ActiveRootID]).toEqual([datacenter.name, firstRoot]);
          expect(Roots.map(({ ID }) => ID).toSorted()).toEqual([firstRoot, lostRoot].toSorted());
        }
      },
    );
    const roots = await storedRoots(mesh.dc1.dataDir);
    expect(roots.find(({ id }) => id === lostRoot)).toMatchObject({ state: 'inactive', hasKey: false });
    for (const datacenter of mesh.datacenters) await expectFreshLeaf(datacenter, firstRoot);
    await load.reaches(ANSWERS);
  });

  suite.step(
    'nothing is deleted unasked: what it lost is held, shown, and goes when its hash is quoted',
    async (mesh) => {
      const { Held } = await replicationOf(mesh.dc2, 'only the intentions are held', (view) => {
        expect(view.Held).toMatchObject([{ Stream: 'intentions', Code: 'REPLICATION_HELD', Deletions: LOST }]);
      });
      expect(Held[0]!.WouldDelete.map(({ Key }) => Key).toSorted()).toEqual(
        Array.from({ length: LOST }, (_, n) => `lost-${n}`).toSorted(),
      );
      expect(await intentionsOf(mesh.dc2)).toHaveLength(LOST + 2);
      const confirm = (Hash: string) =>
        mesh.dc2.callServer({ method: 'PUT', path: '/v1/replication/intentions/confirm', body: { Hash } });
      expect((await confirm('another')).headers['x-banyan-error']).toBe('REPLICATION_DIFF_STALE');
      expect(await intentionsOf(mesh.dc2)).toHaveLength(LOST + 2);
      const { status, text } = await confirm(Held[0]!.Hash);
      expect([status, JSON.parse(text)]).toEqual([200, { Stream: 'intentions', Deleted: LOST }]);
      expect(await intentionsOf(mesh.dc2)).toEqual(await intentionsOf(mesh.dc1));
      await replicationIsWell(mesh);
      await holds('after the restore');
    },
  );

  suite.step(
    'a copy of the primary that runs beside it: both epochs are left, and the alarm names it',
    async (mesh) => {
      const copy = await LoneServer.startOn(backup, mesh, 'copied-server');
      const epochs = new Set<string>();
      const followsAnother = async (what: string): Promise<void> => {
        const { Streams } = await replicationOf(mesh.dc2, what, (view) => {
          expect(epochs.has(streamIn(view, 'tokens')!.Epoch)).toBe(false);
          expect(streamIn(view, 'tokens')!.State).toBe('READY');
        });
        epochs.add(Streams.find(({ Stream }) => Stream === 'tokens')!.Epoch);
      };
      await followsAnother('it follows the primary');
      mesh.pretendPrimary(copy.addresses.wan);
      await followsAnother('it follows the copy');
      mesh.pretendPrimary();
      await followsAnother('it follows the primary again, by another epoch');
      await replicationOf(mesh.dc2, 'the alarm has its name', ({ Alarms }) => {
        expect(Alarms.map(({ Code }) => Code)).toContain('TWO_PRIMARIES');
      });
      await copy.stop();
      await replicationIsWell(mesh);
      expect(await intentionsOf(mesh.dc2)).toEqual(await intentionsOf(mesh.dc1));
      await holds('after two primaries');
    },
  );

  suite.step('in all that time not one handshake failed', async () => {
    await load.stop();
    console.info(load.summary);
    expect(load.failures).toEqual([]);
  });
});
