import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { AuditAct, AuditTrail, outcomeOf, StoreAuditReader, verifyAuditLines } from '@banyan/audit';
import { injectHttp, listRoutes } from '@banyan/http-kit';
import { SilentLogger, SystemClock, SystemTimers } from '@banyan/kernel';
import { rawHttp, withTestStore } from '@banyan/testkit';
import { AuditSubjects } from '../src/adapters/audit-subjects.js';
import { type Api, SECRETS, startApi } from './api-fixture.js';

const EXACT = '/v1/connect/intentions/exact?source=web&destination=api';
const ROTATIONS = '/v1/connect/ca/rotations';
const UNKNOWN_SECRET = 'nobody-has-this-secret';

describe('what is recorded at the HTTP edge', () => {
  let api: Api;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.stop());

  const recorded = () => api.audit.recorded;
  const last = () => recorded().at(-1);
  const accessor = (name: string): string =>
    api.tokens.list().find(({ description }) => description === name)!.accessorId;

  it('is declared by every route that is no GET, under an action that knows what it is about', () => {
    const writes = listRoutes(api.app).filter(({ method }) => method !== 'GET');
    expect(writes.length).toBeGreaterThan(20);
    expect(writes.filter(({ action }) => action === undefined).map(({ handler }) => handler)).toEqual([]);
    const reads = writes.filter(({ action }) => action === '').map(({ path }) => path);
    expect(reads).toEqual(['/v1/connect/ca/inspect']);
    const actions = writes.map(({ action }) => action).filter((action) => action !== '');
    expect(new Set(actions)).toEqual(new Set(api.app.get(AuditSubjects).actions));
    expect(new Set(actions).size).toBe(actions.length);
  });

  it('is every refused write, by whoever it was: nobody, a token that is none, one that may not', async () => {
    const writes = listRoutes(api.app).filter(({ action }) => (action ?? '') !== '' && action !== 'acl.bootstrap');
    for (const { method, path, action } of writes) {
      const filled = path.replaceAll(/:\w+/g, 'x');
      await api.ask(method, filled, undefined, {});
      expect(last()).toMatchObject({ action, method, path: filled, result: 'denied', code: 'PERMISSION_DENIED' });
      expect(last()).toMatchObject({
        tokenName: 'Anonymous Token',
        remoteAddress: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      });
      const headers = { 'x-consul-token': UNKNOWN_SECRET };
      await rawHttp({ port: api.port, method, path: filled, headers, body: '{}' });
      expect(last()).toMatchObject({ action, result: 'denied', code: 'ACL_NOT_FOUND', accessorId: '', tokenName: '' });
      await api.ask(method, filled, 'reader', {});
      expect(last()).toMatchObject({ action, accessorId: accessor('reader'), tokenName: 'reader' });
      expect(['denied', 'failed']).toContain(last()!.result);
    }
    expect(recorded()).toHaveLength(writes.length * 3);
  });

  it('is a denied read, and no other', async () => {
    await api.ask('GET', '/v1/connect/intentions', 'manager');
    await api.ask('GET', '/v1/connect/ca/roots');
    await api.ask('GET', '/v1/acl/token/00000000-0000-4000-8000-00000000dead', 'manager');
    await api.ask('GET', '/v1/nothing', 'manager');
    expect(recorded()).toEqual([]);
    await api.ask('GET', '/v1/acl/tokens?token=x', 'web');
    expect(recorded()).toMatchObject([
      { action: 'read', method: 'GET', path: '/v1/acl/tokens', tokenName: '', result: 'denied' },
    ]);
    await api.ask('GET', '/v1/audit', 'web');
    expect(last()).toMatchObject({ action: 'read', path: '/v1/audit', tokenName: 'web', code: 'PERMISSION_DENIED' });
  });

  it('is an intention with what was there and what was asked for, and its removal', async () => {
    const HTTP = { PathPrefix: '/', Header: [{ Name: 'x-key', Exact: 'secret-17' }] };
    const first = { Description: 'first', Permissions: [{ Action: 'allow', HTTP }] };
    await api.ask('PUT', EXACT, 'manager', first);
    await api.ask('PUT', EXACT, 'manager', { Action: 'deny' });
    await api.ask('DELETE', EXACT, 'manager');
    await api.ask('DELETE', EXACT, 'manager');
    const target = 'intention/web/api';
    const who = { accessorId: accessor('manager'), tokenName: 'manager', target };
    const told = { Description: 'first', Permissions: [{ Action: 'allow', PathPrefix: '/', HeaderNames: ['x-key'] }] };
    expect(recorded()).toMatchObject([
      {
        ...who,
        action: 'intention.write',
        result: 'ok',
        code: '',
        before: null,
        after: told,
      },
      { ...who, action: 'intention.write', result: 'ok', before: told, after: { Action: 'deny' } },
      { ...who, action: 'intention.delete', result: 'ok', before: { Action: 'deny' }, after: null },
      { ...who, action: 'intention.delete', before: null },
    ]);
    expect(JSON.stringify(recorded())).not.toContain('secret-17');
  });

  it('is a token’s making and end, without its secret', async () => {
    const secret = 'a-secret-that-nobody-writes-down';
    const body = { Description: 'pay', SecretID: secret, ServiceIdentities: [{ ServiceName: 'pay' }] };
    const made = JSON.parse((await api.ask('PUT', '/v1/acl/token', 'manager', body)).body) as { AccessorID: string };
    await api.ask('PUT', `/v1/acl/token/${made.AccessorID}`, 'manager', { Role: { kind: 'operator-read' } });
    await api.ask('DELETE', `/v1/acl/token/${made.AccessorID}`, 'manager');
    expect(recorded()).toMatchObject([
      { action: 'token.create', after: { Description: 'pay', ServiceIdentities: [{ ServiceName: 'pay' }] } },
      {
        action: 'token.update',
        target: `token/${made.AccessorID}`,
        before: { AccessorID: made.AccessorID, Description: 'pay', Role: { kind: 'service', service: 'pay' } },
        after: { Role: { kind: 'operator-read' } },
      },
      {
        action: 'token.delete',
        target: `token/${made.AccessorID}`,
        before: { AccessorID: made.AccessorID, Description: '', Role: { kind: 'operator-read' } },
        after: null,
      },
    ]);
  });

  it('is a bootstrap, by nobody', async () => {
    await api.ask('PUT', '/v1/acl/bootstrap', undefined, { BootstrapSecret: 'x'.repeat(20) });
    expect(last()).toMatchObject({ action: 'acl.bootstrap', result: 'denied', tokenName: 'Anonymous Token' });
  });

  it('is a registration, a configuration, and what is done about replication', async () => {
    const node = {
      Node: 'n1',
      Address: '10.0.0.5',
      Service: { Service: 'web', ID: 'web-1', Port: 8080, Meta: { password: 'x' } },
    };
    await api.ask('PUT', '/v1/catalog/register', 'manager', node);
    await api.ask('PUT', '/v1/catalog/register', 'manager', { ...node, Service: { ...node.Service, Port: 9 } });
    await api.ask('PUT', '/v1/catalog/deregister', 'manager', { Node: 'n1' });
    expect(recorded()).toMatchObject([
      { action: 'catalog.register', target: 'node/n1/service/web-1', before: null, after: { Service: { Port: 8080 } } },
      { action: 'catalog.register', before: { Service: { ID: 'web-1', Port: 8080 } }, after: { Service: { Port: 9 } } },
      { action: 'catalog.deregister', target: 'node/n1', before: { Node: 'n1', Address: '10.0.0.5' }, after: null },
    ]);
    const Config = { LeafCertTTL: '48h', PrivateKey: 'key-material', Token: 'vault-token' };
    await api.ask('PUT', '/v1/connect/ca/configuration', 'manager', { Provider: 'consul', Config });
    expect(last()).toMatchObject({
      action: 'ca.configure',
      target: 'ca-configuration',
      before: { Provider: 'consul' },
      after: { Provider: 'consul', Config: { LeafCertTTL: '48h' } },
    });
    await api.ask('PUT', '/v1/agent/token/replication', 'manager', { Token: 'replication-secret-1' });
    expect(last()).toMatchObject({ action: 'replication.token', target: 'replication/token' });
    await api.ask('PUT', '/v1/replication/intentions/confirm', 'manager', { Hash: 'abc' });
    expect(last()).toMatchObject({
      action: 'replication.confirm',
      target: 'replication/intentions',
      after: { Hash: 'abc' },
    });
    await api.ask('PUT', '/v1/replication/adopt', 'manager', { Hash: 'abc' });
    await api.ask('PUT', '/v1/replication/new-epoch', 'manager');
    expect(recorded().slice(-2)).toMatchObject([{ action: 'replication.adopt' }, { action: 'replication.new-epoch' }]);
  });

  it('is every step of a rotation with the phase it was taken in, and no dry run', async () => {
    const dry = JSON.parse((await api.ask('POST', ROTATIONS, 'manager', { DryRun: true })).body) as {
      PlanHash: string;
    };
    expect(recorded()).toEqual([]);
    const { PlanHash } = dry;
    const { ID } = JSON.parse((await api.ask('POST', ROTATIONS, 'manager', { PlanHash, Reason: 'yearly' })).body) as {
      ID: string;
    };
    expect(last()).toMatchObject({ action: 'rotation.start', result: 'ok', after: { PlanHash, Reason: 'yearly' } });
    await api.ask('PUT', `${ROTATIONS}/${ID}/pause`, 'manager', { DryRun: true });
    await api.ask('PUT', `${ROTATIONS}/${ID}/pause`, 'manager', { Reason: 'lunch' });
    expect(recorded().slice(1)).toMatchObject([
      {
        action: 'rotation.pause',
        target: `rotation/${ID}`,
        before: { Phase: expect.any(String) },
        after: { Reason: 'lunch' },
      },
    ]);
    await api.ask('PUT', `${ROTATIONS}/${ID}/pause`, 'reader', { DryRun: true });
    expect(last()).toMatchObject({ action: 'rotation.pause', result: 'denied', tokenName: 'reader' });
  });

  it('is a write that failed, with its code', async () => {
    await api.ask('PUT', EXACT, 'manager', { Action: 'perhaps' });
    expect(last()).toMatchObject({
      action: 'intention.write',
      result: 'failed',
      code: expect.stringMatching(/^[A-Z_]+$/),
    });
    await api.ask('PUT', '/v1/connect/ca/configuration', 'manager', { Provider: 'nobody', Config: {} });
    expect(last()).toMatchObject({ action: 'ca.configure', result: 'failed', code: 'CA_PROVIDER_UNKNOWN' });
  });

  it('never has a secret that was sent, whatever was done with it', async () => {
    const secrets = [
      'vault-token-777',
      'key-material-777',
      'bootstrap-secret-777',
      'replication-777',
      'token-secret-7777777',
    ];
    const [token, key, bootstrap, replication, made] = secrets;
    const vault = {
      Provider: 'vault',
      Config: { Token: token, PrivateKey: key, AuthMethod: { Params: { secret_id: token } } },
    };
    await api.ask('PUT', '/v1/connect/ca/configuration', 'manager', vault);
    await api.ask('POST', ROTATIONS, 'manager', vault);
    await api.ask('PUT', '/v1/acl/bootstrap', undefined, { BootstrapSecret: bootstrap });
    await api.ask('PUT', '/v1/agent/token/replication', 'manager', { Token: replication });
    await api.ask('PUT', `/v1/acl/token?token=${made}`, undefined, { SecretID: made, Role: { kind: 'management' } });
    await api.ask('PUT', '/v1/acl/token', 'manager', { SecretID: made, Role: { kind: 'management' } });
    expect(recorded()).toHaveLength(6);
    const text = JSON.stringify(recorded());
    for (const secret of [...secrets, ...Object.values(SECRETS)]) expect(text).not.toContain(secret);
  });

  it('names where a carried request came from, and forgets what a client claims', async () => {
    const headers = { 'x-consul-token': SECRETS.web, 'x-banyan-remote-address': '6.6.6.6:6' };
    const from = '10.1.2.3:4 via 10.0.0.7:5';
    await injectHttp(api.app, { method: 'DELETE', path: EXACT, headers, origin: 'agent', from });
    expect(last()).toMatchObject({ action: 'intention.delete', remoteAddress: from, tokenName: 'web' });
    await rawHttp({ port: api.port, method: 'DELETE', path: EXACT, headers });
    expect(last()!.remoteAddress).toMatch(/^127\.0\.0\.1:\d+$/);
  });

  it('is recorded where it is done: not here what another datacenter answers', async () => {
    const other = await startApi();
    api.wan.other = other.app;
    // It is of dc1 as well, and says that it knows no way to dc2.
    expect((await api.ask('DELETE', `${EXACT}&dc=dc2`, 'web')).status).toBe(500);
    expect([recorded().length, other.audit.recorded.length]).toEqual([0, 1]);
    await other.stop();
    api.wan.other = undefined;
    await api.ask('DELETE', `${EXACT}&dc=dc2`, 'web');
    expect(recorded()).toMatchObject([
      { action: 'intention.delete', result: 'failed', code: 'DATACENTER_UNREACHABLE', tokenName: 'web' },
    ]);
  });

  it('stops what cannot be recorded before anything is done', async () => {
    api.audit.failing = 'file x: ENOSPC';
    const answer = await api.ask('PUT', EXACT, 'manager', { Action: 'allow' });
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([503, 'AUDIT_UNAVAILABLE']);
    expect(api.intentions.list()).toEqual([]);
    expect((await api.ask('GET', '/v1/connect/intentions', 'manager')).status).toBe(200);
  });
});

describe('the audit trail over HTTP', () => {
  const stores = withTestStore();
  let api: Api;
  beforeAll(async () => {
    const store = await stores.open();
    const parts = { clock: new SystemClock(), timers: new SystemTimers(), logger: new SilentLogger() };
    const trail = new AuditTrail({ datacenter: 'dc1', server: 'server-1', store, ...parts, onFailure: 'warn' });
    for (let n = 0; n < 12; n += 1) {
      const who = { accessorId: `acc-${n % 2}`, tokenName: '', remoteAddress: '', method: 'PUT', path: '/' };
      const act = new AuditAct({
        ...who,
        action: 'intention.write',
        target: `intention/web/s${n}`,
        before: null,
        after: null,
      });
      await trail.close(act, outcomeOf(n % 4 === 3 ? 'PERMISSION_DENIED' : ''));
    }
    api = await startApi(true, undefined, new StoreAuditReader(store, 'dc1'));
  });
  afterAll(() => api.stop());

  const read = async (query: string): Promise<{ Entries: { Seq: number; Hash: string }[]; Next?: number }> =>
    JSON.parse((await api.ask('GET', `/v1/audit${query}`, 'reader')).body);
  const seqs = async (query: string): Promise<number[]> => (await read(query)).Entries.map(({ Seq }) => Seq);

  it('is for operators only', async () => {
    for (const path of ['/v1/audit', '/v1/audit/export', '/v1/audit/verify']) {
      expect((await api.ask('GET', path)).status).toBe(403);
      expect((await api.ask('GET', path, 'web')).status).toBe(403);
      expect((await api.ask('GET', path, 'reader')).status).toBe(200);
    }
  });

  it('is searched, and read page by page in both directions', async () => {
    expect(await seqs('?limit=3')).toEqual([12, 11, 10]);
    expect((await read('?limit=3')).Next).toBe(10);
    expect(await seqs('?limit=3&before=10')).toEqual([9, 8, 7]);
    expect(await seqs('?limit=2&after=10')).toEqual([11, 12]);
    expect(await seqs('?result=denied')).toEqual([12, 8, 4]);
    expect(await seqs('?actor=acc-1&action=intention.&limit=2')).toEqual([12, 10]);
    expect(await seqs('?until=2020-01-01')).toEqual([]);
    expect((await api.ask('GET', '/v1/audit?result=maybe', 'reader')).status).toBe(400);
  });

  it('is exported as lines that prove themselves, and proved by the server', async () => {
    const { body, headers } = await api.ask('GET', '/v1/audit/export', 'reader');
    expect(headers['content-type']).toContain('application/jsonl');
    const proof = verifyAuditLines(body.split('\n'), { chain: 'datacenter' });
    expect(proof).toMatchObject({ valid: true, entries: 12, from: { seq: 0 } });
    const verified = JSON.parse((await api.ask('GET', '/v1/audit/verify', 'reader')).body) as object;
    expect(verified).toMatchObject({
      Valid: true,
      Entries: 12,
      Checkpoint: { Seq: 0 },
      Head: { Seq: 12, Hash: proof.head!.hash },
      Servers: [{ Server: 'server-1', Seq: 12 }],
    });
    const wrong = `/v1/audit/verify?anchor=5:${'0'.repeat(64)}`;
    expect(JSON.parse((await api.ask('GET', wrong, 'reader')).body)).toMatchObject({
      Valid: false,
      Break: { Seq: 5, Kind: 'anchor' },
    });
  });
});
