import { Client } from 'pg';
import { withTestStore } from '@banyan/testkit';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { PrimaryRole, SecondaryRole } from '../src/index.js';
import {
  type Answer,
  forgetPlace,
  type Json,
  placeOf,
  type Server,
  startPrimary,
  startSecondary,
  tieTo,
  until,
} from './federation-bench.js';

const stores = withTestStore();
const LIMIT_MS = 120_000;
const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

const nameOf = (url: string): string => /\/(test_[0-9a-f]+)\?/.exec(url)![1]!;

/** Copies a database that nobody is connected to: a backup, taken and put back whole. */
const copyOf = async (url: string): Promise<string> => {
  const target = await stores.freshUrl();
  const client = new Client({ connectionString: (await stores.postgres()).url });
  await client.connect();
  await client.query(`DROP DATABASE ${nameOf(target)}`);
  await client.query(`CREATE DATABASE ${nameOf(target)} TEMPLATE ${nameOf(url)}`);
  await client.end();
  return target;
};

const put = async (server: Server<PrimaryRole>, path: string, body: unknown): Promise<void> => {
  const answer = await server.ask(path, { method: 'PUT', body });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
};
const allow = (server: Server<PrimaryRole>, name: string): Promise<void> =>
  put(server, `/v1/connect/intentions/exact?source=web&destination=${name}`, { Action: 'allow' });
const rotate = (server: Server<PrimaryRole>, force = false): Promise<void> =>
  put(server, '/v1/connect/ca/configuration', {
    Provider: 'consul',
    Config: { PrivateKeyType: 'ec', PrivateKeyBits: 384 },
    ForceWithoutCrossSigning: force,
  });

interface Restored {
  readonly dc1: Server<PrimaryRole>;
  readonly dc2: Server<SecondaryRole>;
  readonly lostRoot: string;
  readonly lostEpoch: string;
}

/** A primary that runs on a backup from before a rotation and 20 intentions, which its secondary knows. */
const restored = async (force: boolean, overtaken: boolean): Promise<Restored> => {
  const places = [await placeOf('dc1', await stores.freshUrl()), await placeOf('dc2', await stores.freshUrl())];
  cleanUps.push(async () => places.forEach(forgetPlace));
  let dc1 = await startPrimary(places[0]!);
  cleanUps.push(() => dc1.stop());
  const tie = tieTo(dc1);
  const dc2 = await startSecondary({ ...places[1]!, ...tie });
  cleanUps.push(() => dc2.stop());
  await allow(dc1, 'kept');
  const ready = (): Promise<Json> =>
    until(
      'dc2 follows',
      () => dc2.ask('/v1/replication'),
      (body) => (body['State'] as unknown) === 'READY',
    );
  await ready();
  await dc1.stop();
  const backup = await copyOf(places[0]!['BANYAN_DATABASE_URL']!);
  dc1 = await startPrimary(places[0]!);
  for (let n = 0; n < 20; n += 1) await allow(dc1, `lost${n}`);
  await rotate(dc1, force);
  await until(
    'dc2 signs under the next root',
    () => dc2.ask('/v1/connect/ca/roots'),
    () => dc2.core.ca.state.active?.rootId === dc1.core.ca.wantedRoot!.id && dc2.core.ca.state.roots.length === 2,
  );
  await ready();
  const lostRoot = dc1.core.ca.wantedRoot!.id;
  const lostEpoch = dc1.core.store.epoch;
  await dc1.stop();
  dc1 = await startPrimary({ ...places[0]!, BANYAN_DATABASE_URL: backup });
  if (overtaken) {
    const reached = dc2.role.replicationDesk;
    const index = Number((await reached.view()).streams.find((each) => each.stream === 'tokens')!.sourceIndex);
    for (let n = 0; (await dc1.core.store.currentIndex()) <= index + 5; n += 1) await allow(dc1, `again${n}`);
  }
  return { dc1, dc2, lostRoot, lostEpoch };
};

const view = (server: Server<unknown>) => (): Promise<Answer> => server.ask('/v1/replication');
const alarms = (body: Json): string[] =>
  (body['Alarms'] as unknown as Json[]).map((alarm) => alarm['Code'] as unknown as string);

describe('a primary that was restored from a backup of before a rotation', () => {
  it.each([
    ['whose index is behind', false],
    ['whose index has overtaken', true],
  ])(
    '%s begins a new epoch by itself, gets the root back that it lost, and deletes nothing unasked',
    async (_, overtaken) => {
      const { dc1, dc2, lostRoot, lostEpoch } = await restored(false, overtaken);
      await until('dc1 notices', view(dc1), (body) => alarms(body).includes('HISTORY_RESTORED'));
      expect(dc1.core.store.epoch).not.toBe(lostEpoch);
      await until(
        'dc1 has the lost root back',
        () => dc1.ask('/v1/connect/ca/roots'),
        () => dc1.core.ca.state.roots.some((root) => root.id === lostRoot),
      );
      const returned = dc1.core.ca.state.roots.find((root) => root.id === lostRoot)!;
      expect([returned.state, returned.generation, dc1.core.ca.wantedRoot!.generation]).toEqual(['inactive', 2, 1]);
      // dc2 follows again: the earlier root is active, the lost one still trusted; what was lost is held.
      const held = await until('only the deletions are held', view(dc2), (body) => {
        const streams = (body['Held'] as unknown as Json[]).map((hold) => hold['Stream']);
        return streams.length === 1 && (streams[0] as unknown) === 'intentions';
      });
      expect(held['Held']![0]).toMatchObject({ Code: 'REPLICATION_HELD', Deletions: 20 });
      expect(dc2.core.ca.state.roots.map((root) => [root.generation, root.state])).toEqual([
        [1, 'active'],
        [2, 'inactive'],
      ]);
      expect(JSON.parse((await dc2.ask('/v1/connect/intentions')).text).length).toBeGreaterThanOrEqual(21);
      await until(
        'dc2 signs under the root that has a key',
        () => dc2.ask('/v1/connect/ca/roots'),
        () => dc2.core.ca.state.active?.rootId === dc1.core.ca.wantedRoot!.id,
      );
      const hash = held['Held']![0]!['Hash'] as unknown as string;
      const confirmed = await dc2.ask('/v1/replication/intentions/confirm', { method: 'PUT', body: { Hash: hash } });
      expect(confirmed.status).toBe(200);
      await until('all is well', view(dc2), (body) => (body['State'] as unknown) === 'READY');
      await until(
        'dc2 has what dc1 has',
        () => dc2.ask('/v1/connect/intentions'),
        (body) => body.length === dc1.core.intentions.list().length,
      );
      // No rotation knows of the lost root here: it gets a record that leads it out of the bundle.
      const retiring = await until(
        'the root that came back is led to its end',
        () => dc1.ask('/v1/connect/ca/rotations'),
        (rotations) =>
          (rotations as unknown as Json[]).some((each) => (each['PreviousRootID'] as unknown) === lostRoot),
      );
      expect(retiring).toContainEqual(
        expect.objectContaining({ PreviousRootID: lostRoot, Phase: 'retire', Possible: ['pause', 'waive', 'retire'] }),
      );
    },
    LIMIT_MS,
  );

  it(
    'takes a lost root that nothing vouches for back only when a person has compared it',
    async () => {
      const { dc1, dc2, lostRoot } = await restored(true, false);
      const body = await until('it waits', view(dc1), (each) => alarms(each).includes('ROOT_UNPROVEN'));
      expect(dc1.core.ca.state.roots.map((root) => root.id)).not.toContain(lostRoot);
      const held = await until('the bundle is held', view(dc2), (each) =>
        (each['Held'] as unknown as Json[]).some((hold) => (hold['Code'] as unknown) === 'ROOT_GENERATION_LOWER'),
      );
      expect(alarms(held)).toContain('ROOT_GENERATION_LOWER');
      // dc2 had to take the earlier root to be let in again, and said so; the lost one stays trusted.
      expect(dc2.core.ca.state.roots.map((root) => root.generation)).toEqual([1, 2]);
      expect(dc2.logger.lines.map((line) => line.message)).toContain('ROOT_GENERATION_LOWER');
      const reason = (body['Alarms'] as unknown as Json[]).find(
        (alarm) => (alarm['Code'] as unknown) === 'ROOT_UNPROVEN',
      )!['Reason'] as unknown as string;
      const hash = /"Hash":"([^"]+)"/.exec(reason)![1]!;
      const path = '/v1/replication/returned-roots/confirm';
      expect((await dc1.ask(path, { method: 'PUT', body: { Hash: 'another' } })).status).toBe(409);
      expect((await dc1.ask(path, { method: 'PUT', body: { Hash: hash } })).status).toBe(200);
      expect(dc1.core.ca.state.roots.find((root) => root.id === lostRoot)!.state).toBe('inactive');
      await until(
        'the bundle goes on',
        view(dc2),
        (each) => !(each['Held'] as unknown as Json[]).some((hold) => (hold['Stream'] as unknown) === 'bundle'),
      );
      expect(dc2.core.ca.wantedRoot!.id).toBe(dc1.core.ca.wantedRoot!.id);
    },
    LIMIT_MS,
  );
});
