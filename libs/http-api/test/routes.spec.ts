import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { injectHttp, listRoutes } from '@banyan/http-kit';
import { rawHttp } from '@banyan/testkit';
import { type Api, SECRETS, startApi } from './api-fixture.js';

const TEXT = 'text/plain; charset=utf-8';
const ALL_METHODS = ['GET', 'PUT', 'POST', 'DELETE'];

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  await api.stop();
});

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
      'GET /v1/acl/replication',
      'GET /v1/acl/token/self',
      'GET /v1/catalog/datacenters',
      'GET /v1/connect/ca/roots',
      'GET /v1/replication/scopes',
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

describe('status and operations', () => {
  it('answer bare JSON without a token and without an index', async () => {
    const leader = await api.ask('GET', '/v1/status/leader');
    expect([leader.body, leader.headers['x-consul-index']]).toEqual(['"10.0.0.5:8300"', undefined]);
    expect((await api.ask('GET', '/v1/status/peers')).body).toBe('["10.0.0.5:8300"]');
    expect((await api.ask('GET', '/v1/catalog/datacenters')).body).toBe('["dc1","dc2"]');
  });

  it('list the servers to whoever may read operator, with their leases and the age of what is known', async () => {
    expect((await api.ask('GET', '/v1/operator/servers', 'web')).status).toBe(403);
    const answer = await api.ask('GET', '/v1/operator/servers', 'reader');
    expect(JSON.parse(answer.body)).toEqual({
      Leader: '10.0.0.5:8300',
      AgeMs: 700,
      Servers: [
        {
          ID: 'b6d9f0a0-5b1c-4a29-9d8e-0c1f5a0f1a11',
          Name: 'dc1-server-1',
          Datacenter: 'dc1',
          Version: '0.1.0',
          HTTPAddress: '10.0.0.5:8510',
          LANAddress: '10.0.0.5:8300',
          WANAddress: '10.0.0.5:8302',
          StartedAt: '2026-01-01T00:00:00.000Z',
          LastHeardMs: 250,
          Alive: true,
          Leases: [{ Name: 'authority', Fencing: 3, Since: '2026-01-01T00:01:00.000Z' }],
        },
      ],
    });
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

  it('are ready while only writes wait, and say so to who asks strictly', async () => {
    api.health.register('database', () => ({ ok: false, reason: 'away' }), { degrades: true });
    const degraded = await api.ask('GET', '/readyz');
    expect([degraded.status, JSON.parse(degraded.body)]).toEqual([
      200,
      { ok: true, degraded: true, dependencies: [{ name: 'database', ok: false, reason: 'away' }] },
    ]);
    expect((await api.ask('GET', '/readyz?strict')).status).toBe(503);
    expect((await api.ask('GET', '/readyz?strict=maybe')).status).toBe(400);
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

  it('lead from the root to the dashboard, in a short text', async () => {
    const answer = await api.ask('GET', '/');
    expect([answer.status, answer.headers['content-type'], answer.headers['location']]).toEqual([302, TEXT, '/ui/']);
  });
});
