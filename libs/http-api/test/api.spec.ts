import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { injectHttp, listRoutes } from '@banyan/http-kit';
import { rawHttp } from '@banyan/testkit';
import { type Api, SECRETS, startApi } from './api-fixture.js';

const TEXT = 'text/plain; charset=utf-8';
const INTENTIONS = '/v1/connect/intentions';
const PAIR = `${INTENTIONS}/exact?source=web&destination=default/db`;
const ALL_METHODS = ['GET', 'PUT', 'POST', 'DELETE'];

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  await api.stop();
});

const json = async (path: string, as: Parameters<Api['ask']>[2] = 'manager'): Promise<unknown> =>
  JSON.parse((await api.ask('GET', path, as)).body);

/** Resolves as soon as a call waits for a change; the test's own time-out is the limit. */
const untilWaiting = async (): Promise<void> => {
  while (api.follower.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
};

describe('every route', () => {
  it('declares its input and its access', () => {
    const routes = listRoutes(api.app);
    expect(routes.length).toBeGreaterThan(25);
    expect(routes.filter(({ input }) => input === undefined).map(({ handler }) => handler)).toEqual([]);
    expect(routes.filter(({ access }) => access === undefined).map(({ handler }) => handler)).toEqual([]);
  });

  it('refuses an anonymous caller unless it is one of the public ones listed here', async () => {
    const routes = listRoutes(api.app);
    const open = routes
      .filter(({ access }) => access?.kind === 'public')
      .map(({ method, path }) => `${method} ${path}`);
    expect(open.toSorted()).toEqual([
      'GET /',
      'GET /healthz',
      'GET /metrics',
      'GET /readyz',
      'GET /v1/acl/token/self',
      'GET /v1/catalog/datacenters',
      'GET /v1/status/leader',
      'GET /v1/status/peers',
      'PUT /v1/acl/bootstrap',
    ]);
    for (const { method, path } of routes.filter(({ access }) => access?.kind !== 'public')) {
      const answer = await api.ask(method, path.replaceAll(/:\w+/g, 'x'), undefined, method === 'PUT' ? {} : undefined);
      expect([method, path, answer.status, answer.headers['content-type']]).toEqual([method, path, 403, TEXT]);
      expect(answer.body).toContain('Permission denied: anonymous token lacks permission');
    }
  });

  it('refuses an unknown secret with the text clients match on', async () => {
    for (const { method, path } of listRoutes(api.app).filter(({ access }) => access?.kind === 'permission')) {
      const answer = await rawHttp({
        port: api.port,
        method,
        path: path.replaceAll(/:\w+/g, 'x'),
        headers: { authorization: 'Bearer nobody-has-this-secret' },
        ...(method === 'PUT' ? { body: '{}' } : {}),
      });
      expect([path, answer.status, answer.body]).toEqual([path, 403, 'ACL not found']);
    }
  });

  it('answers 405 with Allow to every method that its static path does not serve', async () => {
    // Methods of a parametrized path that matches as well (`/v1/acl/token/self`) are served by that one.
    const routes = listRoutes(api.app).filter(({ path }) => path.startsWith('/v1/') && !path.includes(':'));
    for (const path of new Set(routes.map((route) => route.path).filter((each) => each !== '/v1/acl/token/self'))) {
      const declared = routes.filter((route) => route.path === path).map(({ method }) => method);
      const allow = ['OPTIONS', ...declared.toSorted()].join(',');
      for (const method of [...ALL_METHODS, 'HEAD'].filter((each) => !declared.includes(each))) {
        const answer = await api.ask(method, path, 'manager');
        expect([method, path, answer.status, answer.headers['allow']]).toEqual([method, path, 405, allow]);
      }
    }
  });
});

describe('intentions', () => {
  it('are written and read again at once, with the raw answer true', async () => {
    const written = await api.ask('PUT', PAIR, 'manager', { action: 'allow', Description: 'reads orders' });
    expect([written.status, written.body]).toEqual([200, 'true']);
    expect(await json(PAIR)).toMatchObject({
      SourceNS: 'default',
      SourceName: 'web',
      DestinationNS: 'default',
      DestinationName: 'db',
      SourceType: 'consul',
      Action: 'allow',
      Precedence: 9,
      Description: 'reads orders',
    });
    expect(api.intentions.writers.map(({ token }) => token.reveal())).toEqual(['manager-secret-0001']);
  });

  it('take back what was read, and refuse an unknown key by name', async () => {
    await api.ask('PUT', PAIR, 'manager', { Action: 'allow' });
    const read = await json(PAIR);
    expect((await api.ask('PUT', PAIR, 'manager', read)).status).toBe(200);
    const refused = await api.ask('PUT', PAIR, 'manager', { Action: 'allow', Foo: 1 });
    expect([refused.status, refused.body]).toEqual([400, 'Request decode failed: json: unknown field "Foo"']);
    const empty = await api.ask('PUT', PAIR, 'manager');
    expect([empty.status, empty.body]).toEqual([400, 'Request decode failed: EOF']);
  });

  it('answer true for deleting what is not there, and 404 for reading it', async () => {
    expect((await api.ask('DELETE', PAIR, 'manager')).body).toBe('true');
    const missing = await api.ask('GET', PAIR, 'manager');
    expect([missing.status, missing.headers['content-type'], missing.body]).toEqual([404, TEXT, 'Intention not found']);
  });

  it.each([
    ['/exact', "required query parameter 'source' not set"],
    ['/exact?source=web', "required query parameter 'destination' not set"],
    ['/match', "required query parameter 'by' not set"],
    ['/match?by=destination', "required query parameter 'name' not set"],
    ['/match?by=side&name=x', "parameter 'by' must be either 'source' or 'destination'"],
    ['/check?source=web', "required query parameter 'destination' not set"],
    ['/exact?source=a/b/c/d&destination=db', 'source "a/b/c/d" is invalid: input can contain at most two \'/\''],
    ['/exact?source=web*&destination=db', "wildcard character '*' cannot be used with partial values"],
  ])('answer %s with 500 and the text clients know', async (path, text) => {
    const answer = await api.ask('GET', `${INTENTIONS}${path}`, 'manager');
    expect([answer.status, answer.headers['content-type']]).toEqual([500, TEXT]);
    expect(answer.body).toContain(text);
  });

  it('match by the raw names, in order of precedence, [] where there is none', async () => {
    await api.ask('PUT', `${INTENTIONS}/exact?source=*&destination=db`, 'manager', { Action: 'deny' });
    await api.ask('PUT', PAIR, 'manager', { Action: 'allow' });
    const answer = await api.ask('GET', `${INTENTIONS}/match?by=destination&name=default/db&name=none`, 'manager');
    const body = JSON.parse(answer.body) as Record<string, { Precedence: number }[]>;
    expect(Object.keys(body)).toEqual(['default/db', 'none']);
    expect(body['default/db']?.map(({ Precedence }) => Precedence)).toEqual([9, 8]);
    expect(body['none']).toEqual([]);
    expect(Number(answer.headers['x-consul-index'])).toBeGreaterThan(1);
  });

  it('are checked with the default action where none matches', async () => {
    const check = `${INTENTIONS}/check?source=web&destination=db`;
    expect(await json(check)).toEqual({ Allowed: false });
    await api.ask('PUT', PAIR, 'manager', { Action: 'allow' });
    expect(await json(check)).toEqual({ Allowed: true });
  });

  it('show a caller only the rows it may read, and say that rows are missing', async () => {
    await api.ask('PUT', `${INTENTIONS}/exact?source=api&destination=db`, 'manager', { Action: 'allow' });
    await api.ask('PUT', `${INTENTIONS}/exact?source=web&destination=cache`, 'manager', { Action: 'allow' });
    const all = await api.ask('GET', INTENTIONS, 'manager');
    expect([(JSON.parse(all.body) as unknown[]).length, all.headers['x-consul-results-filtered-by-acls']]).toEqual([
      2,
      undefined,
    ]);
    const own = await api.ask('GET', INTENTIONS, 'web');
    expect(JSON.parse(own.body)).toMatchObject([{ SourceName: 'web', DestinationName: 'cache' }]);
    expect(own.headers['x-consul-results-filtered-by-acls']).toBe('true');
  });

  it('may be written by a manager only', async () => {
    for (const as of ['reader', 'agent', 'web'] as const) {
      const answer = await api.ask('PUT', PAIR, as, { Action: 'allow' });
      expect([answer.status, answer.body.endsWith(`lacks permission 'intention:write' on "db"`)]).toEqual([403, true]);
    }
    expect(api.intentions.list()).toEqual([]);
  });
});

describe('blocking reads', () => {
  it('wait for an index greater than the given one, then answer with the change', async () => {
    const first = await api.ask('GET', INTENTIONS, 'manager');
    const index = String(first.headers['x-consul-index']);
    const waiting = api.ask('GET', `${INTENTIONS}?index=${index}&wait=1m`, 'manager');
    await untilWaiting();
    await api.ask('PUT', PAIR, 'manager', { Action: 'allow' });
    const changed = await waiting;
    expect(Number(changed.headers['x-consul-index'])).toBeGreaterThan(Number(index));
    expect((JSON.parse(changed.body) as unknown[]).length).toBe(1);
  });

  it('answer 200 with the full body and the same index when the time is up', async () => {
    await api.ask('PUT', PAIR, 'manager', { Action: 'allow' });
    const first = await api.ask('GET', INTENTIONS, 'manager');
    const path = `${INTENTIONS}?index=${String(first.headers['x-consul-index'])}&wait=50ms`;
    const again = await api.ask('GET', path, 'manager');
    expect([again.status, again.body, again.headers['x-consul-index']]).toEqual([
      200,
      first.body,
      first.headers['x-consul-index'],
    ]);
  });

  it('never wait for index=0, and have an index of at least 1 on an empty result', async () => {
    const answer = await api.ask('GET', '/v1/health/service/none?index=0&wait=10m', 'manager');
    expect([answer.body, Number(answer.headers['x-consul-index']) >= 1]).toEqual(['[]', true]);
  });

  it('are not woken by other topics', async () => {
    const first = await api.ask('GET', INTENTIONS, 'manager');
    const waiting = api.ask('GET', `${INTENTIONS}?index=${String(first.headers['x-consul-index'])}&wait=1m`, 'manager');
    await untilWaiting();
    await api.ask('PUT', '/v1/catalog/register', 'manager', { Node: 'n9', Address: '10.0.0.9' });
    expect(api.follower.waiting).toBe(1);
    await api.ask('PUT', PAIR, 'manager', { Action: 'allow' });
    expect((await waiting).status).toBe(200);
  });
});

describe('tokens', () => {
  it('are bootstrapped once: the answer has the secret as ID too, the second time is 403', async () => {
    const empty = await startApi(false);
    const first = await empty.ask('PUT', '/v1/acl/bootstrap');
    const token = JSON.parse(first.body) as { ID: string; SecretID: string };
    expect([first.status, token.ID]).toEqual([200, token.SecretID]);
    const second = await empty.ask('PUT', '/v1/acl/bootstrap', undefined, { BootstrapSecret: 'x'.repeat(20) });
    expect([second.status, second.headers['content-type']]).toEqual([403, TEXT]);
    expect(second.body).toContain('Permission denied: ACL bootstrap no longer allowed');
    const self = await rawHttp({
      port: empty.port,
      path: '/v1/acl/token/self',
      headers: { 'x-consul-token': token.ID },
    });
    expect((JSON.parse(self.body) as { SecretID: string }).SecretID).toBe(token.ID);
    await empty.stop();
  });

  it('show their secret to their maker and holder only', async () => {
    const body = { ServiceIdentities: [{ ServiceName: 'pay' }], Description: 'pay' };
    const made = JSON.parse((await api.ask('PUT', '/v1/acl/token', 'manager', body)).body) as Record<string, string>;
    expect(made['SecretID']).toMatch(/^[0-9a-f-]{36}$/);
    const path = `/v1/acl/token/${made['AccessorID']}`;
    expect(await json(path)).toMatchObject({ SecretID: '<hidden>', ServiceIdentities: [{ ServiceName: 'pay' }] });
    const list = (await json('/v1/acl/tokens?servicename=pay')) as unknown[];
    expect(list).toMatchObject([{ AccessorID: made['AccessorID'], SecretID: '<hidden>' }]);
    expect(await json('/v1/acl/token/self')).toMatchObject({ SecretID: 'manager-secret-0001', Description: 'manager' });
  });

  it('answer 404 with the text clients match on when they are missing', async () => {
    const path = '/v1/acl/token/11111111-2222-4333-8444-555555555555';
    const read = await api.ask('GET', path, 'manager');
    expect([read.status, read.body]).toEqual([404, 'Requested token does not exist: ACL not found']);
    const removed = await api.ask('DELETE', path, 'manager');
    expect([removed.status, removed.body]).toEqual([404, 'Cannot find token to delete']);
  });

  it('lose their rights the moment their deletion is answered', async () => {
    const made = JSON.parse(
      (await api.ask('PUT', '/v1/acl/token', 'manager', { Role: { kind: 'management' } })).body,
    ) as Record<string, string>;
    expect((await api.ask('DELETE', `/v1/acl/token/${made['AccessorID']}`, 'manager')).body).toBe('true');
    const after = await rawHttp({
      port: api.port,
      path: '/v1/acl/tokens',
      headers: { 'x-consul-token': made['SecretID'] ?? '' },
    });
    expect([after.status, after.body]).toEqual([403, 'ACL not found']);
  });

  it('refuse unknown keys with the prefix of token bodies', async () => {
    const answer = await api.ask('PUT', '/v1/acl/token', 'manager', { Foo: 1 });
    expect([answer.status, answer.body]).toEqual([400, 'Token decoding failed: json: unknown field "Foo"']);
  });

  it('may be read or written by nobody but managers and readers', async () => {
    expect((await api.ask('GET', '/v1/acl/tokens', 'web')).body).toContain("lacks permission 'acl:read'");
    expect((await api.ask('PUT', '/v1/acl/token', 'reader', { Role: { kind: 'management' } })).status).toBe(403);
    expect((await api.ask('GET', '/v1/acl/tokens', 'reader')).status).toBe(200);
  });

  it('answer the anonymous token to a caller without one', async () => {
    const answer = await api.ask('GET', '/v1/acl/token/self');
    expect(JSON.parse(answer.body)).toMatchObject({ AccessorID: '00000000-0000-0000-0000-000000000002' });
  });
});

describe('catalog and health', () => {
  const web = {
    Node: 'n1',
    Address: '10.0.0.5',
    Service: { Service: 'web', ID: 'web-1', Port: 8080, Tags: ['v1'] },
    Check: { CheckID: 'service:web-1', Name: 'alive', Status: 'critical', ServiceID: 'web-1' },
  };
  beforeEach(async () => {
    const answer = await api.ask('PUT', '/v1/catalog/register', 'manager', web);
    expect([answer.status, answer.body]).toEqual([200, 'true']);
  });

  it('answer services as a map, instances as flat rows, nodes as a list', async () => {
    expect(await json('/v1/catalog/services')).toEqual({ web: ['v1'] });
    expect(await json('/v1/catalog/service/web')).toMatchObject([
      { Node: 'n1', ServiceID: 'web-1', ServicePort: 8080 },
    ]);
    expect(await json('/v1/catalog/service/web?tag=v2')).toEqual([]);
    expect(await json('/v1/catalog/nodes')).toMatchObject([{ Node: 'n1', Address: '10.0.0.5', Datacenter: 'dc1' }]);
    expect(await json('/v1/catalog/node/n1')).toMatchObject({
      Node: { Node: 'n1' },
      Services: { 'web-1': { Service: 'web' } },
    });
  });

  it('answer null for an unknown node, [] for an unknown service', async () => {
    expect((await api.ask('GET', '/v1/catalog/node/none', 'manager')).body).toBe('null');
    expect((await api.ask('GET', '/v1/catalog/service/none', 'manager')).body).toBe('[]');
    expect((await api.ask('GET', '/v1/health/connect/none', 'manager')).body).toBe('[]');
  });

  it('include critical instances unless ?passing is true', async () => {
    expect(((await json('/v1/health/service/web')) as unknown[]).length).toBe(1);
    expect(await json('/v1/health/service/web?passing')).toEqual([]);
    expect(((await json('/v1/health/service/web?passing=false')) as unknown[]).length).toBe(1);
    const bad = await api.ask('GET', '/v1/health/service/web?passing=maybe', 'manager');
    expect([bad.status, bad.body]).toEqual([400, 'Invalid value for ?passing']);
    expect(await json('/v1/health/node/n1')).toMatchObject([{ CheckID: 'service:web-1', Status: 'critical' }]);
  });

  it('let an agent register on its own node only', async () => {
    expect((await api.ask('PUT', '/v1/catalog/register', 'agent', web)).status).toBe(200);
    const foreign = await api.ask('PUT', '/v1/catalog/register', 'agent', { ...web, Node: 'n2' });
    expect([foreign.status, foreign.body.includes('lacks permission \'node:write\' on "n2"')]).toEqual([403, true]);
  });

  it('forget what is deregistered, and answer true again when nothing is left', async () => {
    for (const _ of [1, 2]) {
      const answer = await api.ask('PUT', '/v1/catalog/deregister', 'manager', { Node: 'n1', ServiceID: 'web-1' });
      expect([answer.status, answer.body]).toEqual([200, 'true']);
    }
    expect(await json('/v1/catalog/services')).toEqual({});
  });

  it('answer a registration without a node with 500, one with an unknown key with 400', async () => {
    const nameless = await api.ask('PUT', '/v1/catalog/register', 'manager', { Address: '10.0.0.5' });
    expect([nameless.status, nameless.body]).toEqual([500, 'Must provide node and address']);
    const unknown = await api.ask('PUT', '/v1/catalog/register', 'manager', { ...web, Foo: 1 });
    expect([unknown.status, unknown.body]).toEqual([400, 'Request decode failed: json: unknown field "Foo"']);
  });
});

describe('status and operations', () => {
  it('answer bare JSON without a token and without an index', async () => {
    const leader = await api.ask('GET', '/v1/status/leader');
    expect([leader.body, leader.headers['x-consul-index']]).toEqual(['"10.0.0.5:8300"', undefined]);
    expect((await api.ask('GET', '/v1/status/peers')).body).toBe('["10.0.0.5:8300"]');
    expect((await api.ask('GET', '/v1/catalog/datacenters')).body).toBe('["dc1","dc2"]');
  });

  it('are alive always, and ready when every dependency is', async () => {
    expect((await api.ask('GET', '/readyz')).status).toBe(200);
    api.health.register('authority', () => ({ ok: false, reason: 'waits for the primary' }));
    const unready = await api.ask('GET', '/readyz');
    expect([unready.status, JSON.parse(unready.body)]).toEqual([
      503,
      { ok: false, dependencies: [{ name: 'authority', ok: false, reason: 'waits for the primary' }] },
    ]);
    expect((await api.ask('GET', '/healthz')).status).toBe(200);
  });

  it('give the metrics to this machine without a token', async () => {
    const answer = await api.ask('GET', '/metrics');
    expect([answer.status, answer.body.includes('nodejs_eventloop_lag')]).toEqual([200, true]);
    expect(answer.headers['content-type']).toContain('text/plain; version=0.0.4');
  });

  it('give the metrics to nobody else without operator:read', async () => {
    const anonymous = await injectHttp(api.app, { method: 'GET', path: '/metrics' });
    expect([anonymous.status, anonymous.body.includes("lacks permission 'operator:read'")]).toEqual([403, true]);
    const headers = { 'x-consul-token': SECRETS.reader };
    expect((await injectHttp(api.app, { method: 'GET', path: '/metrics', headers })).status).toBe(200);
  });

  it('answer the root with a short text', async () => {
    const answer = await api.ask('GET', '/');
    expect([answer.status, answer.headers['content-type']]).toEqual([200, TEXT]);
  });
});
