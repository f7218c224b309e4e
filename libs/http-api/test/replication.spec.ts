import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Api, startApi } from './api-fixture.js';

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  await api.stop();
});

const put = (path: string, body: unknown, as: 'manager' | 'reader' = 'manager') => api.ask('PUT', path, as, body);

const askScopes = async (as?: 'manager' | 'web') =>
  JSON.parse((await api.ask('GET', '/v1/replication/scopes?for=dc2', as)).body) as object;

describe('GET /v1/replication', () => {
  it('tells whoever may read operator all about every stream', async () => {
    expect((await api.ask('GET', '/v1/replication', 'web')).status).toBe(403);
    const answer = await api.ask('GET', '/v1/replication', 'reader');
    expect(JSON.parse(answer.body)).toMatchObject({
      Datacenter: 'dc2',
      State: 'DEGRADED',
      Server: 'dc2-server-1',
      Streams: [
        {
          Stream: 'tokens',
          State: 'READY',
          Index: 640,
          SourceIndex: 655,
          LagIndex: 15,
          LagSeconds: 1.3,
          LastSuccess: '2026-01-01T00:00:00.000Z',
          LastErrorCode: 'ACL_NOT_FOUND',
          ConsecutiveFailures: 0,
          Items: 3,
        },
        { Stream: 'intentions', Code: 'REPLICATION_HELD', HeldDeletions: 1, HeldHash: 'held-hash' },
      ],
      Held: [{ Stream: 'intentions', Records: 50, Deletions: 1, WouldDelete: [{ Topic: 'intention', Key: 'web' }] }],
      Quarantine: [{ Stream: 'tokens', Key: 'k', Code: 'REQUEST_INVALID', Reason: 'no token' }],
      Alarms: [{ Code: 'REPLICATION_HELD' }],
      Canary: { State: 'GREEN', Sequence: 7, RoundTripMs: 12, ObjectiveMs: 10_000 },
      Token: { AccessorID: 'a', Origin: 'api', ExpirationTime: null, Expires: 'never', IsWiderThanNeeded: true },
    });
  });
});

describe('GET /v1/acl/replication', () => {
  it('has the form existing clients know, and is open to everybody', async () => {
    const answer = await api.ask('GET', '/v1/acl/replication');
    expect([answer.status, answer.headers['x-consul-index']]).toEqual([200, undefined]);
    expect(JSON.parse(answer.body)).toEqual({
      Enabled: true,
      Running: true,
      SourceDatacenter: 'dc1',
      ReplicationType: 'tokens',
      ReplicatedIndex: 640,
      ReplicatedRoleIndex: 640,
      ReplicatedTokenIndex: 640,
      LastSuccess: '2026-01-01T00:00:00Z',
      LastError: '2026-01-01T00:00:00Z',
      LastErrorMessage: 'ACL not found',
    });
    api.replication.role = 'primary';
    expect(JSON.parse((await api.ask('GET', '/v1/acl/replication')).body)).toMatchObject({
      Enabled: false,
      LastSuccess: '0001-01-01T00:00:00Z',
    });
  });
});

describe('what an operator decides', () => {
  it('is passed on with the hash that was seen', async () => {
    const confirmed = await put('/v1/replication/intentions/confirm', { Hash: 'held-hash' });
    expect([confirmed.status, JSON.parse(confirmed.body)]).toEqual([200, { Stream: 'intentions', Deleted: 1 }]);
    expect((await put('/v1/replication/adopt', { Hash: 'own-hash' })).status).toBe(200);
    expect((await put('/v1/replication/new-epoch', undefined)).status).toBe(200);
    const given = await put('/v1/agent/token/replication', { Token: 'twelve-chars' });
    expect([given.status, JSON.parse(given.body)]).toEqual([200, { Checked: true, Reason: '' }]);
    expect((await put('/v1/agent/token/replication?force', { Token: 'twelve-chars' })).status).toBe(200);
    expect(api.replication.decisions).toEqual([
      'confirm intentions',
      'adopt own-hash',
      'epoch by true',
      'token of 12 characters',
      'token of 12 characters by force',
    ]);
  });

  it('needs operator:write, a hash, and one that is not stale', async () => {
    for (const path of ['/v1/replication/intentions/confirm', '/v1/replication/adopt']) {
      expect((await put(path, { Hash: 'held-hash' }, 'reader')).status).toBe(403);
      expect((await put(path, {})).status).toBe(400);
    }
    expect((await put('/v1/replication/new-epoch', undefined, 'reader')).status).toBe(403);
    expect((await put('/v1/agent/token/replication', { Token: 'x' }, 'reader')).status).toBe(403);
    const stale = await put('/v1/replication/intentions/confirm', { Hash: 'stale' });
    expect([stale.status, stale.body]).toEqual([409, 'look again']);
    const unknown = await put('/v1/agent/token/default', { Token: 'x' });
    expect([unknown.status, unknown.body]).toEqual([404, 'Token "default" is unknown']);
    for (const text of ['short', 'with-a-line-break\n', '"in-quotation-marks"', 'two words here', 'ünprintable']) {
      const refused = await put('/v1/agent/token/replication?force', { Token: text });
      expect([refused.status, refused.body]).toEqual([400, expect.stringContaining('Token is no secret')]);
      expect(refused.body).not.toContain(text);
    }
    expect(api.replication.decisions).toEqual([]);
  });
});

describe('GET /v1/replication/scopes', () => {
  it('tells what the caller’s token may do for a secondary', async () => {
    expect(await askScopes('manager')).toMatchObject({
      IsWider: true,
      Scopes: [
        { Scope: 'replication:read', Datacenter: 'dc2', Allowed: true },
        { Scope: 'ca:sign-intermediate', Datacenter: 'dc2', Allowed: true },
      ],
    });
    expect(await askScopes('web')).toMatchObject({ IsWider: false, Scopes: [{ Allowed: false }, { Allowed: false }] });
    expect(await askScopes()).toMatchObject({ IsWider: false, Scopes: [{ Allowed: false }, { Allowed: false }] });
  });
});
