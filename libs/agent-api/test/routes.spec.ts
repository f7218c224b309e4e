import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { injectHttp, listRoutes } from '@banyan/http-kit';
import { eventually, rawHttp, TestAuthority } from '@banyan/testkit';
import { AGENT, MANAGER, READER, startAgent, type TestAgent, TRUST_DOMAIN, WEB } from './agent-fixture.js';

const TEXT = 'text/plain; charset=utf-8';
const HEALTH = '/v1/health/connect/web';

let agent: TestAgent;
beforeAll(async () => {
  agent = await startAgent({ authority: await TestAuthority.create(TRUST_DOMAIN, 'routes') });
});
beforeEach(() => {
  agent.servers.carried.length = 0;
  agent.servers.isAway = false;
});
afterAll(() => agent.stop());

describe('every route of the agent itself', () => {
  it('declares its input and its access, and stays on this machine', () => {
    const routes = listRoutes(agent.app);
    expect(routes.length).toBeGreaterThan(13);
    const incomplete = routes.filter(
      (route) => route.input === undefined || route.access === undefined || !route.local,
    );
    expect(incomplete.map(({ handler }) => handler)).toEqual([]);
  });

  it('refuses an anonymous caller unless it is one of the public ones listed here', async () => {
    const routes = listRoutes(agent.app);
    const open = routes.filter(({ access }) => access?.kind === 'public').map(({ path }) => path);
    expect(open.toSorted()).toEqual(['/', '/healthz', '/metrics', '/readyz']);
    for (const { method, path } of routes.filter(({ access }) => access?.kind !== 'public')) {
      const answer = await agent.ask(method, path.replace('*', 'x'), undefined, method === 'PUT' ? {} : undefined);
      expect([method, path, answer.status, answer.headers['content-type']]).toEqual([method, path, 403, TEXT]);
      expect(answer.body).toContain('Permission denied: anonymous token lacks permission');
    }
  });

  it('refuses an unknown secret', async () => {
    for (const { method, path } of listRoutes(agent.app).filter(({ access }) => access?.kind === 'permission')) {
      const body = method === 'PUT' ? {} : undefined;
      const answer = await agent.ask(method, path.replace('*', 'x'), 'nobody-has-this-secret', body);
      expect([path, answer.status, answer.body]).toEqual([path, 403, 'ACL not found']);
    }
  });
});

describe('what the agent says of itself', () => {
  it('is what tools read', async () => {
    const self = JSON.parse((await agent.ask('GET', '/v1/agent/self', AGENT)).body) as object;
    expect(self).toMatchObject({
      Config: { Datacenter: 'dc1', PrimaryDatacenter: 'dc1', NodeName: 'n1', Server: false, Version: '1.18.2' },
      DebugConfig: { GRPCPort: -1, ConnectEnabled: true },
      Member: { Name: 'n1', Addr: '10.0.0.7', Tags: { role: 'node', dc: 'dc1' } },
    });
    expect(self).not.toHaveProperty('xDS');
  });

  it('is alive always, and ready when every dependency is', async () => {
    expect((await agent.ask('GET', '/readyz')).status).toBe(200);
    agent.health.register('identity', () => ({ ok: false, reason: 'enrolment is under way' }));
    const unready = await agent.ask('GET', '/readyz');
    expect([unready.status, JSON.parse(unready.body)]).toEqual([
      503,
      { ok: false, dependencies: [{ name: 'identity', ok: false, reason: 'enrolment is under way' }] },
    ]);
    expect((await agent.ask('GET', '/healthz')).body).toBe('ok\n');
  });

  it('gives its metrics to this machine, and to others with operator:read only', async () => {
    const answer = await agent.ask('GET', '/metrics');
    expect([answer.status, answer.body]).toEqual([200, 'banyan_test 1\n']);
    expect((await injectHttp(agent.app, { method: 'GET', path: '/metrics' })).status).toBe(403);
    const headers = { 'x-consul-token': READER };
    expect((await injectHttp(agent.app, { method: 'GET', path: '/metrics', headers })).status).toBe(200);
  });
});

describe('a check that its service reports', () => {
  beforeAll(async () => {
    const Checks = [
      { CheckID: 'web/ttl', TTL: '1h' },
      { CheckID: 'tcp', TCP: '127.0.0.1:1', Interval: '1h' },
    ];
    await agent.ask('PUT', '/v1/agent/service/register', MANAGER, { Name: 'web', Checks });
  });

  it.each([
    ['pass/web/ttl?note=all%20well', undefined, ['passing', 'all well']],
    ['warn/web/ttl', undefined, ['warning', '']],
    ['fail/web/ttl?note=down', undefined, ['critical', 'down']],
    ['update/web/ttl', { Status: 'warning', Output: 'slow' }, ['warning', 'slow']],
    ['update/web%2Fttl', { status: 'passing' }, ['passing', '']],
  ])('takes %s', async (path, body, state) => {
    const answer = await agent.ask('PUT', `/v1/agent/check/${path}`, WEB, body);
    expect([answer.status, answer.body]).toEqual([200, '']);
    expect(await statusOf('web/ttl')).toEqual(state);
  });

  it.each([
    ['pass/nothing', undefined, 404, 'Unknown check ID "nothing"', 'SERVICE_NOT_FOUND'],
    ['pass/tcp', undefined, 400, 'CheckID "tcp" does not have associated TTL', 'REQUEST_INVALID'],
    ['update/web/ttl', { Status: 'fine' }, 400, "Invalid check status: 'fine'", 'REQUEST_INVALID'],
    ['update/web/ttl', { Status: 'constructor' }, 400, "Invalid check status: 'constructor'", 'REQUEST_INVALID'],
    ['update/web/ttl', { Stat: 1 }, 400, 'Request decode failed: json: unknown field "Stat"', 'REQUEST_INVALID'],
    ['update/web/ttl', '', 400, 'Request decode failed: EOF', 'REQUEST_INVALID'],
  ])('refuses %s %j', async (path, body, status, text, code) => {
    const answer = await agent.ask('PUT', `/v1/agent/check/${path}`, MANAGER, body);
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([status, code]);
    expect(answer.body.startsWith(text)).toBe(true);
  });

  it('is written by its service and by its node, and by nobody else', async () => {
    agent.servers.grant('db', { kind: 'service', service: 'db' });
    agent.servers.grant('other-node', { kind: 'agent', node: 'n2' });
    const path = '/v1/agent/check/pass/web/ttl?note=who';
    expect((await agent.ask('PUT', path, AGENT)).status).toBe(200);
    await agent.ask('PUT', '/v1/agent/check/warn/web/ttl', WEB);
    for (const as of [READER, 'db', 'other-node']) expect((await agent.ask('PUT', path, as)).status).toBe(403);
    expect(await statusOf('web/ttl')).toEqual(['warning', '']);
  });
});

describe('a read that may come from memory', () => {
  it('comes from memory with ?cached: MISS, HIT, blocking, and through an outage with its age', async () => {
    agent.source.publish(`${HEALTH}?dc=dc2`, { index: 5, body: '[{"Big":9007199254740993}]' });
    const path = `${HEALTH}?dc=dc2&cached`;
    const first = await agent.ask('GET', path, WEB);
    expect([first.status, first.body, first.headers['x-cache']]).toEqual([200, '[{"Big":9007199254740993}]', 'MISS']);
    expect(first.headers).toMatchObject({ 'x-consul-index': '5', 'x-consul-knownleader': 'true' });
    expect((await agent.ask('GET', `${path}&pretty`, WEB)).body).toContain('\n        "Big": 9007199254740993\n');
    const waiting = agent.ask('GET', `${path}&index=5&wait=10s`, WEB);
    agent.source.publish(`${HEALTH}?dc=dc2`, { index: 6, body: '[]' });
    expect((await waiting).headers).toMatchObject({ 'x-consul-index': '6', 'x-cache': 'HIT', age: '0' });
    agent.source.isAway = true;
    agent.clock.aheadMs += 5_000;
    expect((await agent.ask('GET', path, WEB)).headers['age']).toBe('5');
    agent.source.isAway = false;
    agent.clock.aheadMs -= 5_000;
    expect(agent.servers.carried).toEqual([]);
  });

  it('is followed with the token beside the path, never in it, and without what belongs to one call', async () => {
    agent.source.publish('/v1/health/service/api?passing', { index: 1, body: [] });
    const query = 'passing&cached&stale&wait=1s&tok%65n=';
    const answer = await rawHttp({ port: agent.port, path: `/v1/health/service/api?${query}${WEB}` });
    expect(answer.status).toBe(200);
    const last = agent.source.followed.at(-1)!;
    expect([last.path, last.token?.reveal()]).toEqual(['/v1/health/service/api?passing', WEB]);
  });

  it('goes to the servers without ?cached, and with a contradiction', async () => {
    await agent.ask('GET', HEALTH, WEB);
    await agent.ask('GET', `${HEALTH}?cached&consistent`, WEB);
    await agent.ask('GET', '/v1/catalog/services?cached', WEB);
    expect(agent.servers.carried.map(({ path }) => path)).toEqual([
      HEALTH,
      `${HEALTH}?cached&consistent`,
      '/v1/catalog/services?cached',
    ]);
  });
});

describe('everything else', () => {
  it('is carried to a server with method, body and token, and answered as it answered', async () => {
    agent.servers.onForward = ({ body }) => ({
      status: 201,
      headers: { 'content-type': 'application/json', 'x-consul-index': '9', 'x-banyan-index': '9' },
      body: Buffer.from(`{"Got":${Buffer.from(body).toString()}}`),
    });
    const path = '/v1/config/x?dc=dc2&token=in-the-path&cas=5&%zz=1';
    const answer = await rawHttp({ port: agent.port, method: 'PUT', path, body: '18446744073709551615' });
    expect([answer.status, answer.body]).toEqual([201, '{"Got":18446744073709551615}']);
    expect([answer.headers['x-consul-index'], answer.headers['x-banyan-index']]).toEqual(['9', undefined]);
    const [carried] = agent.servers.carried;
    expect([carried?.method, carried?.path, carried?.token?.reveal()]).toEqual([
      'PUT',
      '/v1/config/x?dc=dc2&cas=5&%zz=1',
      'in-the-path',
    ]);
  });

  it('answers an empty body as one, and the reason when no server answers', async () => {
    agent.servers.onForward = () => ({ status: 200, headers: {}, body: Buffer.alloc(0) });
    const empty = await agent.ask('DELETE', '/v1/connect/intentions/exact?source=a&destination=b', MANAGER);
    expect([empty.status, empty.body]).toEqual([200, '']);
    agent.servers.isAway = true;
    const away = await agent.ask('GET', '/v1/catalog/nodes', MANAGER);
    expect([away.status, away.headers['x-banyan-error']]).toEqual([503, 'SERVER_UNREACHABLE']);
  });

  it('is given up at the servers when the caller leaves', async () => {
    const leaving = new AbortController();
    agent.servers.onForward = ({ signal }) => {
      leaving.abort();
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    };
    const asked = rawHttp({ port: agent.port, path: '/v1/catalog/nodes?index=1&wait=10m', signal: leaving.signal });
    await expect(asked).rejects.toThrow();
    await eventually('the call is aborted', () => agent.servers.carried[0]?.signal.aborted === true);
    expect(agent.servers.carried).toHaveLength(1);
  });

  it('is 404 outside /v1, and 405 for a method that no path has', async () => {
    const unknown = await agent.ask('GET', '/nothing');
    expect([unknown.status, unknown.headers['content-type']]).toEqual([404, TEXT]);
    for (const [method, path] of [
      ['HEAD', '/v1/catalog/nodes'],
      ['PATCH', '/v1/catalog/nodes'],
      ['POST', '/healthz'],
    ] as const) {
      const answer = await agent.ask(method, path, MANAGER);
      expect([method, path, answer.status]).toEqual([method, path, 405]);
      expect(answer.headers['allow']).toContain('GET');
    }
    expect(agent.servers.carried).toEqual([]);
  });
});

const statusOf = async (id: string): Promise<unknown[]> => {
  const checks = JSON.parse((await agent.ask('GET', '/v1/agent/checks', AGENT)).body) as Record<
    string,
    { Status: string; Output: string }
  >;
  return [checks[id]?.Status, checks[id]?.Output];
};
