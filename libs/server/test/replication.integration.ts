import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PrimaryRole, SecondaryRole } from '../src/index.js';
import { SecretText } from '@banyan/kernel';
import { withTestStore } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  type Answer,
  forgetPlace,
  type Json,
  MANAGEMENT,
  placeOf,
  REPLICATION,
  type Server,
  startPrimary,
  startSecondary,
  tieTo,
  until,
} from './federation-bench.js';

const stores = withTestStore();
const LIMIT_MS = 90_000;

const streamOf = (body: Json, name: string): Json =>
  (body['Streams'] as unknown as Json[]).find((stream) => (stream['Stream'] as unknown) === name)!;

const isReady = (body: Json): boolean => (body['State'] as unknown) === 'READY';

describe('replication between two running datacenters', () => {
  let dc1: Server<PrimaryRole>;
  let dc2: Server<SecondaryRole>;
  let places: Record<string, string>[];
  beforeAll(async () => {
    places = [await placeOf('dc1', await stores.freshUrl()), await placeOf('dc2', await stores.freshUrl())];
    dc1 = await startPrimary(places[0]!);
    dc2 = await startSecondary({ ...places[1]!, ...tieTo(dc1) });
  }, LIMIT_MS);
  afterAll(async () => {
    await dc2.stop();
    await dc1.stop();
    places.forEach(forgetPlace);
  });

  const view = (): Promise<Answer> => dc2.ask('/v1/replication');

  it(
    'shows every stream with its place, its age and the token that carries it',
    async () => {
      const body = await until('all is well', view, (each) => isReady(each) && each['Token']!['Scopes']!.length > 0);
      expect((body['Streams'] as unknown as Json[]).map((stream) => stream['Stream'])).toEqual([
        'intermediate',
        'bundle',
        'datacenters',
        'rotations',
        'tokens',
        'intentions',
        'canary',
      ]);
      expect(streamOf(body, 'tokens')).toMatchObject({
        State: 'READY',
        Source: 'dc1',
        Epoch: dc1.core.store.epoch,
        ConsecutiveFailures: 0,
        Items: 2,
        Quarantined: 0,
        HeldDeletions: 0,
      });
      expect(Number(streamOf(body, 'tokens')['LagSeconds'])).toBeLessThan(6);
      expect(body['Token']).toMatchObject({
        AccessorID: dc1.core.tokens.list().find((token) => token.description === 'of the secondary')!.accessorId,
        Origin: 'setting',
        Expires: 'never',
        IsWiderThanNeeded: false,
        Scopes: [
          { Scope: 'replication:read', Datacenter: 'dc2', Allowed: true },
          { Scope: 'ca:sign-intermediate', Datacenter: 'dc2', Allowed: true },
        ],
      });
    },
    LIMIT_MS,
  );

  it(
    'is green in both datacenters while the canary gets from a write to a decision in time',
    async () => {
      const here = await until('dc2 is green', view, (body) => (body['Canary']!['State'] as unknown) === 'GREEN');
      expect(Number(here['Canary']!['RoundTripMs'])).toBeGreaterThan(0);
      expect(Number(here['Canary']!['RoundTripMs'])).toBeLessThan(10_000);
      const there = await until(
        'dc1 knows',
        () => dc1.ask('/v1/replication'),
        (body) => (body['Secondaries']![0]?.['Canary']!['State'] as unknown) === 'GREEN',
      );
      expect(there['Secondaries']).toHaveLength(1);
      expect(there['Secondaries']![0]).toMatchObject({ Datacenter: 'dc2', Replication: { Role: 'secondary' } });
      expect(there['Canary']).toMatchObject({ State: 'GREEN' });
      for (const server of [dc1, dc2]) {
        const history = await until(
          `${server.core.datacenter} has sampled dc2`,
          () => server.ask('/v1/replication/history?for=dc2&stream=canary'),
          (body) => body['Series']?.[0]?.['Samples'] !== undefined,
        );
        expect(history['Series']).toMatchObject([{ Datacenter: 'dc2', Stream: 'canary' }]);
      }
      // It wakes nobody who waits for intentions, and is in no list of them.
      const { text } = await dc2.ask('/v1/connect/intentions');
      expect(text).toBe('[]');
      const before = dc2.core.follower.topicIndex(['intention']);
      const first = dc2.core.intentions.canary()!.sequence;
      await until('another canary', view, () => dc2.core.intentions.canary()!.sequence > first);
      expect(dc2.core.follower.topicIndex(['intention'])).toBe(before);
    },
    LIMIT_MS,
  );

  it(
    'shows in the metrics of both datacenters where a rotation stands, who it waits for, and how every stream fares',
    async () => {
      const rotations = '/v1/connect/ca/rotations';
      const order = (body: object) => dc1.ask(rotations, { method: 'POST', body });
      const said = (server: { ask: typeof dc1.ask }, lines: readonly string[]) => async (): Promise<Answer> => {
        const { status, text } = await server.ask('/metrics');
        const missing = lines.filter((line) => !text.split('\n').some((one) => one.startsWith(line)));
        return { status, text: missing.join(), json: () => ({ missing }) as never };
      };
      const waits = { VerifyWindow: '1h' };
      const { PlanHash } = (await order({ DryRun: true, ...waits })).json() as Json;
      const { ID } = (await order({ PlanHash, ...waits })).json() as Json;
      for (const server of [dc1, dc2]) {
        const { datacenter } = server.core;
        await until(
          `${datacenter} shows the rotation`,
          said(server, [`banyan_rotation_phase{phase="verify",datacenter="${datacenter}"} 1`]),
          (body) => body['missing']!.length === 0,
        );
      }
      await dc1.ask(`${rotations}/${String(ID)}/pause`, { method: 'PUT' });
      const paused = ['banyan_rotation_health{health="paused",datacenter="dc1"} 1', 'banyan_canary_green{of="dc2",'];
      await until('paused', said(dc1, paused), (body) => body['missing']!.length === 0);
      await dc1.ask(`${rotations}/${String(ID)}/rollback`, { method: 'PUT' });
      const over = [
        'banyan_rotation_phase{phase="verify",datacenter="dc2"} 0',
        'banyan_rotation_phase{phase="rolling-back",datacenter="dc2"} 0',
        'banyan_replication_ready{stream="tokens",state="READY",datacenter="dc2"} 1',
        'banyan_replication_lag_seconds{stream="intermediate",datacenter="dc2"} 0',
        'banyan_replication_held_deletions{stream="tokens",datacenter="dc2"} 0',
      ];
      await until('it is over', said(dc2, over), (body) => body['missing']!.length === 0);
    },
    LIMIT_MS,
  );

  it('answers what existing clients ask, without a token', async () => {
    const secondary = await dc2.ask('/v1/acl/replication', { token: '' });
    expect(secondary.json()).toMatchObject({
      Enabled: true,
      Running: true,
      SourceDatacenter: 'dc1',
      ReplicationType: 'tokens',
    });
    expect(Number(secondary.json()['ReplicatedTokenIndex'])).toBeGreaterThan(0);
    const primary = await dc1.ask('/v1/acl/replication', { token: '' });
    expect(primary.json()).toMatchObject({ Enabled: false, Running: false, LastSuccess: '0001-01-01T00:00:00Z' });
  });

  it(
    'is NOT_PERMITTED by name within 10 s of a revocation, and goes on with the token that is given over the API',
    async () => {
      const record = dc1.core.tokens.list().find((token) => token.description === 'of the secondary')!;
      const revokedAt = performance.now();
      expect((await dc1.ask(`/v1/acl/token/${record.accessorId}`, { method: 'DELETE' })).status).toBe(200);
      const body = await until('it is refused', view, (each) => (each['State'] as unknown) === 'NOT_PERMITTED');
      expect(performance.now() - revokedAt).toBeLessThan(10_000);
      expect(streamOf(body, 'intentions')).toMatchObject({ State: 'NOT_PERMITTED', Code: 'ACL_NOT_FOUND' });
      await until('its scopes are gone', view, (each) =>
        (each['Token']!['Scopes'] as unknown as Json[]).every((scope) => (scope['Allowed'] as unknown) === false),
      );
      const made = await dc1.ask('/v1/acl/token', {
        method: 'PUT',
        body: { Role: { kind: 'replication', datacenter: 'dc2' }, Description: 'another' },
      });
      const secret = made.json()['SecretID'] as unknown as string;
      // A token of another datacenter, or of none, is no help; one that is unknown here is not refused for that.
      const unknown = await dc2.ask('/v1/agent/token/dns', { method: 'PUT', body: { Token: secret } });
      expect([unknown.status, unknown.text]).toEqual([404, 'Token "dns" is unknown']);
      const given = await dc2.ask('/v1/agent/token/replication', { method: 'PUT', body: { Token: secret } });
      expect([given.status, given.json()]).toEqual([200, { Checked: true, Reason: '' }]);
      const healed = await until('it goes on', view, isReady);
      expect(healed['Token']).toMatchObject({ Origin: 'api' });
      expect(streamOf(healed, 'tokens')).toMatchObject({ LastErrorCode: 'ACL_NOT_FOUND', ConsecutiveFailures: 0 });
      const [row] = await dc2.core.store.query<{ sealed: string }>('SELECT sealed FROM replication_token', []);
      expect(row!.sealed).not.toContain(secret);
      expect((await dc1.ask('/v1/agent/token/replication', { method: 'PUT', body: { Token: secret } })).status).toBe(
        400,
      );
    },
    LIMIT_MS,
  );

  it(
    'tells which scope a token lacks, without using it',
    async () => {
      const make = async (role: object): Promise<string> =>
        (await dc1.ask('/v1/acl/token', { method: 'PUT', body: { Role: role } })).json()[
          'SecretID'
        ] as unknown as string;
      const reader = await make({ kind: 'replication', datacenter: 'dc2', scopes: ['replication:read'] });
      const ask = async (token: string) => (await dc1.ask('/v1/replication/scopes?for=dc2', { token })).json();
      expect(await ask(reader)).toMatchObject({
        IsWider: false,
        Scopes: [
          { Scope: 'replication:read', Allowed: true },
          { Scope: 'ca:sign-intermediate', Allowed: false },
        ],
      });
      expect(await ask(MANAGEMENT)).toMatchObject({ IsWider: true });
      const other = await ask(await make({ kind: 'replication', datacenter: 'dc9' }));
      expect((other['Scopes'] as unknown as Json[]).map((scope) => scope['Allowed'])).toEqual([false, false]);
      expect((await dc1.ask('/v1/replication/scopes?for=dc2', { token: REPLICATION })).status).toBe(403);
      // Given to dc2 it is refused by what it lacks, before it takes the place of one that works.
      const before = (await view()).json()['Token']!['AccessorID'];
      const given = await dc2.ask('/v1/agent/token/replication', { method: 'PUT', body: { Token: reader } });
      expect([given.status, given.text]).toEqual([
        400,
        expect.stringContaining('NOT_PERMITTED: for dc2 the token lacks ca:sign-intermediate'),
      ]);
      const unknown = { method: 'PUT', body: { Token: 'nobody-has-this-secret' } } as const;
      expect((await dc2.ask('/v1/agent/token/replication', unknown)).text).toContain('replication:read');
      expect((await view()).json()['Token']!['AccessorID']).toBe(before);
    },
    LIMIT_MS,
  );

  it(
    'holds a mass deletion, shows what would go to both sides, and applies it when it is confirmed',
    async () => {
      const puts = Array.from({ length: 16 }, (_, n) =>
        dc1.ask(`/v1/connect/intentions/exact?source=web&destination=svc${n}`, {
          method: 'PUT',
          body: { Action: 'allow' },
        }),
      );
      expect((await Promise.all(puts)).map((answer) => answer.status)).toEqual(puts.map(() => 200));
      await until(
        'they are here',
        () => dc2.ask('/v1/connect/intentions'),
        (body) => body.length === 16,
      );
      // As a primary does that has lost them: all in one transaction.
      await dc1.core.store.run(async (tx) => {
        for (let n = 0; n < 15; n += 1) {
          tx.stage({
            topic: 'intention',
            key: `svc${n}`,
            operation: 'delete',
            contentHash: '',
            write: async (manager) => {
              await manager.query('DELETE FROM service_intentions WHERE name = $1', [`svc${n}`]);
            },
          });
        }
      });
      const body = await until('it is held', view, (each) => each['Held']!.length > 0);
      expect(body).toMatchObject({
        State: 'DEGRADED',
        Held: [{ Stream: 'intentions', Code: 'REPLICATION_HELD', Deletions: 15, Records: 16 }],
        Alarms: [{ Code: 'REPLICATION_HELD' }],
      });
      expect(body['Held']![0]!['WouldDelete']).toContainEqual({ Topic: 'intention', Key: 'svc3' });
      expect((await dc2.ask('/v1/connect/intentions')).json()).toHaveLength(16);
      await until(
        'the primary knows',
        () => dc1.ask('/v1/replication'),
        (each) => (each['Secondaries']![0]?.['Replication']?.['State'] as unknown) === 'DEGRADED',
      );
      const path = '/v1/replication/intentions/confirm';
      const stale = await dc2.ask(path, { method: 'PUT', body: { Hash: 'not-this' } });
      expect([stale.status, stale.text.includes('look again')]).toEqual([409, true]);
      const hash = body['Held']![0]!['Hash'] as unknown as string;
      const confirmed = await dc2.ask(path, { method: 'PUT', body: { Hash: hash } });
      expect([confirmed.status, confirmed.json()]).toEqual([200, { Stream: 'intentions', Deleted: 15 }]);
      expect((await dc2.ask('/v1/connect/intentions')).json()).toHaveLength(1);
      await until('all is well', view, isReady);
    },
    LIMIT_MS,
  );

  it(
    'begins a new epoch by hand, and goes on by it',
    async () => {
      const before = dc1.core.store.epoch;
      expect((await dc2.ask('/v1/replication/new-epoch', { method: 'PUT' })).status).toBe(409);
      expect((await dc1.ask('/v1/replication/new-epoch', { method: 'PUT' })).status).toBe(200);
      await until('it is followed', view, (body) => {
        const { epoch } = dc1.core.store;
        return epoch !== before && isReady(body) && (streamOf(body, 'tokens')['Epoch'] as unknown) === epoch;
      });
      const wrote = await dc2.ask('/v1/connect/intentions/exact?source=a&destination=after-epoch', {
        method: 'PUT',
        body: { Action: 'deny' },
      });
      expect(wrote.status).toBe(200);
      expect((await dc2.ask('/v1/connect/intentions')).json()).toHaveLength(2);
    },
    LIMIT_MS,
  );

  it(
    'uses another token of the file at once, and the file wins when it was changed after the API',
    async () => {
      const file = join(places[1]!['BANYAN_DATA_DIR']!, 'token');
      const token = async (description: string): Promise<string> => {
        const body = { Role: { kind: 'replication', datacenter: 'dc2' }, Description: description };
        return (await dc1.ask('/v1/acl/token', { method: 'PUT', body })).json()['SecretID'] as unknown as string;
      };
      const accessorOf = (description: string) =>
        dc1.core.tokens.list().find((each) => each.description === description)!.accessorId;
      writeFileSync(file, `${await token('first of the file')}\n`);
      await dc2.stop();
      const { BANYAN_REPLICATION_TOKEN: _setting, ...tie } = tieTo(dc1);
      dc2 = await startSecondary({ ...places[1]!, ...tie, BANYAN_REPLICATION_TOKEN_PATH: file });
      await until(
        'the file is used',
        view,
        (body) => isReady(body) && (body['Token']!['AccessorID'] as unknown) === accessorOf('first of the file'),
      );
      const given = await token('of the api');
      await dc2.ask('/v1/agent/token/replication', { method: 'PUT', body: { Token: given } });
      await until(
        'the API is used',
        view,
        (body) => isReady(body) && (body['Token']!['AccessorID'] as unknown) === accessorOf('of the api'),
      );
      writeFileSync(file, `${await token('second of the file')}\n`);
      const body = await until(
        'the file is used again',
        view,
        (each) => isReady(each) && (each['Token']!['AccessorID'] as unknown) === accessorOf('second of the file'),
      );
      expect(body['Token']).toMatchObject({ Origin: 'file' });
    },
    LIMIT_MS,
  );
});

describe('a primary that is not the one', () => {
  it(
    'is refused by name: another trust domain, another version of the protocol',
    async () => {
      const urls = [await stores.freshUrl(), await stores.freshUrl(), await stores.freshUrl()];
      const places = [await placeOf('dc1', urls[0]!), await placeOf('dc2', urls[1]!), await placeOf('dc1', urls[2]!)];
      const dc1 = await startPrimary(places[0]!);
      let dc2 = await startSecondary({ ...places[1]!, ...tieTo(dc1) });
      const view = (): Promise<Answer> => dc2.ask('/v1/replication');
      await until('it follows', view, isReady);
      const trustDomain = dc2.core.ca.getTrustDomain().name;
      const call = {
        peer: { kind: 'server', datacenter: 'dc2', trustDomain } as const,
        remoteAddress: '127.0.0.1:1',
        signal: new AbortController().signal,
      };
      const follow = async (protocol?: number) => {
        const request = { token: new SecretText(REPLICATION), datacenter: 'dc2', epoch: '', index: 0 };
        const events = dc1.role.wan.follow({ ...request, ...(protocol !== undefined && { protocol }) }, call);
        return events[Symbol.asyncIterator]().next();
      };
      for (const protocol of [undefined, 99]) {
        await expect(follow(protocol)).rejects.toMatchObject({ name: 'BanyanError', code: 'VERSION_MISMATCH' });
      }
      expect((await follow(2)).done).toBe(false);
      await dc2.stop();
      await dc1.stop();
      const foreign = await startPrimary(places[2]!);
      dc2 = await startSecondary({ ...places[1]!, ...tieTo(foreign) });
      const body = await until('it is refused', view, (each) => (each['State'] as unknown) === 'TRUST_DOMAIN_MISMATCH');
      expect(body['Reason']).toContain(trustDomain);
      expect(dc2.core.ca.getTrustDomain().name).toBe(trustDomain);
      expect(dc2.core.ca.state.active).toBeDefined();
      await dc2.stop();
      await foreign.stop();
      places.forEach(forgetPlace);
    },
    LIMIT_MS,
  );
});

describe('a datacenter that stood alone', () => {
  it(
    'joins a primary only after somebody has seen and confirmed what would be lost',
    async () => {
      const places = [await placeOf('dc1', await stores.freshUrl()), await placeOf('dc2', await stores.freshUrl())];
      const dc1 = await startPrimary(places[0]!);
      const alone = await startPrimary(places[1]!, 'dc3');
      const own = alone.core.ca.getTrustDomain().name;
      await alone.ask('/v1/connect/intentions/exact?source=web&destination=own', {
        method: 'PUT',
        body: { Action: 'deny' },
      });
      await alone.stop();
      const env = { ...places[1]!, ...tieTo(dc1) };
      let dc2 = await startSecondary(env);
      const view = (): Promise<Answer> => dc2.ask('/v1/replication');
      const body = await until('it asks', view, (each) => (each['State'] as unknown) === 'ADOPTION_REQUIRED');
      expect(body['Adoption']).toMatchObject({
        Confirmed: false,
        WouldLose: { TrustDomain: own, Intentions: ['own'], Totals: { Intentions: 1, Tokens: 2 } },
      });
      expect(body['Adoption']!['WouldLose']!['Roots']).toHaveLength(1);
      // It goes on as it was meanwhile, also after another start.
      await dc2.stop();
      dc2 = await startSecondary(env);
      await until('it still asks', view, (each) => (each['State'] as unknown) === 'ADOPTION_REQUIRED');
      expect(dc2.core.ca.getTrustDomain().name).toBe(own);
      expect((await dc2.ask('/v1/connect/intentions')).json()).toHaveLength(1);
      const wrong = await dc2.ask('/v1/replication/adopt', { method: 'PUT', body: { Hash: 'another' } });
      expect(wrong.status).toBe(409);
      const hash = body['Adoption']!['Hash'] as unknown as string;
      expect((await dc2.ask('/v1/replication/adopt', { method: 'PUT', body: { Hash: hash } })).status).toBe(200);
      const joined = await until('it has joined', view, (each) => (each['State'] as unknown) === 'READY');
      expect(joined['Adoption']).toBeUndefined();
      expect(dc2.core.ca.getTrustDomain().name).toBe(dc1.core.ca.getTrustDomain().name);
      expect((await dc2.ask('/v1/connect/intentions')).json()).toEqual([]);
      const keys = await dc2.core.store.query('SELECT 1 FROM root_authority WHERE sealed_key IS NOT NULL', []);
      expect(keys).toEqual([]);
      await dc2.stop();
      await dc1.stop();
      places.forEach(forgetPlace);
    },
    LIMIT_MS,
  );
});
