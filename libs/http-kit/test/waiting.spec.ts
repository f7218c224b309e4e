import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { getEventListeners, once } from 'node:events';
import { BanyanError, SecretText } from '@banyan/kernel';
import { callOf, injectHttp, listRoutes, type WatchedAnswer, watchHttp } from '@banyan/http-kit';
import { rawHttp } from '@banyan/testkit';
import { type Edge, startEdge } from './edge-fixture.js';

let edge: Edge;

/** Resolves as soon as `condition` holds; the test's own time-out is the limit. */
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

const text = (body: Uint8Array): string => Buffer.from(body).toString('utf8');

describe('waiting calls', () => {
  beforeEach(async () => {
    edge = await startEdge();
  });
  afterEach(async () => {
    await edge.app.close();
  });

  it('sends an index of 0 as 1, with the three headers that go with it', async () => {
    const answer = await rawHttp({ port: edge.port, path: '/v1/watched' });
    expect(answer.headers).toMatchObject({
      'x-consul-index': '1',
      'x-consul-knownleader': 'true',
      'x-consul-lastcontact': '0',
      'x-consul-default-acl-policy': 'deny',
    });
  });

  it('releases a waiting call when the state changes', async () => {
    const waiting = rawHttp({ port: edge.port, path: '/v1/watched?index=3' });
    await until(() => edge.watched.waiting === 1);
    edge.watched.set(4);
    const answer = await waiting;
    expect([answer.status, answer.headers['x-consul-index'], answer.body]).toEqual([200, '4', '{"at":4}']);
  });

  it('takes the listeners of answered calls off the signal that all waiting calls share', async () => {
    const { stopping } = edge.app.getHttpAdapter() as unknown as { readonly stopping: AbortSignal };
    const waiting = Array.from({ length: 30 }, () => rawHttp({ port: edge.port, path: '/v1/watched?index=3' }));
    await until(() => edge.watched.waiting === 30);
    expect(getEventListeners(stopping, 'abort').length).toBe(30);
    edge.watched.set(4);
    const answers = await Promise.all(waiting);
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    // An answer reaches its client a moment before the server counts it as finished.
    await until(() => getEventListeners(stopping, 'abort').length === 0);
  });

  it('ends the work of a call whose client went away', async () => {
    const client = new AbortController();
    const waiting = rawHttp({ port: edge.port, path: '/v1/watched?index=3', signal: client.signal });
    const gone = expect(waiting).rejects.toThrow();
    await until(() => edge.watched.waiting === 1);
    client.abort();
    await gone;
    await until(() => edge.watched.waiting === 0);
    expect(edge.watched.waiting).toBe(0);
  });

  it('answers waiting calls with 503 when the edge closes, and closes at once', async () => {
    const waiting = rawHttp({ port: edge.port, path: '/v1/watched?index=3' });
    await until(() => edge.watched.waiting === 1);
    const began = performance.now();
    await edge.app.close();
    expect(performance.now() - began).toBeLessThan(2_000);
    const answer = await waiting;
    expect([answer.status, answer.body]).toEqual([503, 'The server is stopping; ask another one']);
  });

  it('closes at once though idle keep-alive connections are open', async () => {
    await rawHttp({ port: edge.port, path: '/v1/scalar', headers: { connection: 'keep-alive' } });
    const began = performance.now();
    await edge.app.close();
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('a client that left before its call began to wait', () => {
  it('ends it at once, and leaves no listener on the signal that all calls share', async () => {
    let waits: AbortSignal | undefined;
    let arrived = false;
    edge = await startEdge([], (app) => {
      const instance = app.getHttpAdapter().getInstance();
      instance.get('/late', async (request, reply) => {
        arrived = true;
        await once(reply.raw, 'close');
        waits = callOf(request).signal;
        return reply;
      });
    });
    const client = new AbortController();
    const gone = expect(rawHttp({ port: edge.port, path: '/late', signal: client.signal })).rejects.toThrow();
    await until(() => arrived);
    client.abort();
    await gone;
    await until(() => waits !== undefined);
    const { stopping } = edge.app.getHttpAdapter() as unknown as { readonly stopping: AbortSignal };
    expect([waits?.aborted, getEventListeners(stopping, 'abort').length]).toEqual([true, 0]);
    await edge.app.close();
  });
});

describe('requests without a socket', () => {
  beforeEach(async () => {
    edge = await startEdge();
  });
  afterEach(async () => {
    await edge.app.close();
  });

  it('pass through the whole edge: guard, input and answer', async () => {
    const request = { method: 'PUT', path: '/v1/items/a', body: Buffer.from('{"name":"x"}') };
    const refused = await injectHttp(edge.app, request);
    expect(refused.status).toBe(403);
    const answer = await injectHttp(edge.app, { ...request, headers: { 'x-consul-token': 'first-secret' } });
    expect([answer.status, answer.headers['content-type'], text(answer.body)]).toEqual([
      200,
      'application/json',
      '{"Name":"x"}',
    ]);
  });

  it('are never forwarded again', async () => {
    const answer = await injectHttp(edge.app, { method: 'GET', path: '/v1/items/exact?source=a&dc=dc2' });
    expect([answer.status, text(answer.body)]).toEqual([500, 'No path to datacenter']);
    expect(edge.forwarder.requests).toEqual([]);
  });

  it('leave no listener behind on the signal of their caller', async () => {
    const caller = new AbortController();
    for (const index of [1, 2, 3]) {
      const waiting = injectHttp(edge.app, {
        method: 'GET',
        path: `/v1/watched?index=${index}`,
        signal: caller.signal,
      });
      await until(() => edge.watched.waiting === 1);
      edge.watched.set(index + 1);
      expect((await waiting).status).toBe(200);
    }
    await until(() => getEventListeners(caller.signal, 'abort').length === 0);
  });

  it('cannot be imitated from outside', async () => {
    const headers = { 'x-banyan-injected': '0.1' };
    const answer = await rawHttp({ port: edge.port, path: '/v1/items/exact?source=a&dc=dc2', headers });
    expect([answer.status, answer.body]).toEqual([200, '{"from":"dc2"}']);
  });

  it('end with ABORTED, on both sides, when their caller gives up', async () => {
    const caller = new AbortController();
    const waiting = injectHttp(edge.app, { method: 'GET', path: '/v1/watched?index=3', signal: caller.signal });
    const refused = expect(waiting).rejects.toMatchObject({ constructor: BanyanError, code: 'ABORTED' });
    await until(() => edge.watched.waiting === 1);
    caller.abort();
    await refused;
    await until(() => edge.watched.waiting === 0);
    // Told quietly: pollers leave all the time.
    const told = () => edge.logger.lines.filter((line) => line.startsWith('Answered a request'));
    await until(() => told().length > 0);
    expect(told()).toEqual([expect.stringMatching(/^Answered a request method=GET path=\/v1\/watched status=503 /)]);
  });

  it('follow a resource: every change once, until the signal ends it', async () => {
    const caller = new AbortController();
    edge.watched.set(2);
    const seen: WatchedAnswer[] = [];
    const watch = (async () => {
      const options = {
        app: edge.app,
        path: '/v1/watched',
        token: new SecretText('first-secret'),
        signal: caller.signal,
      };
      for await (const answer of watchHttp(options)) seen.push(answer);
    })();
    const ended = expect(watch).rejects.toMatchObject({ code: 'ABORTED' });
    await until(() => seen.length === 1 && edge.watched.waiting === 1);
    edge.watched.set(5);
    await until(() => seen.length === 2 && edge.watched.waiting === 1);
    caller.abort();
    await ended;
    expect(seen.map(({ index, status, body }) => [index, status, text(body)])).toEqual([
      [2, 200, '{"at":2}'],
      [5, 200, '{"at":5}'],
    ]);
  });

  it('end a watch after an error answer', async () => {
    const seen: WatchedAnswer[] = [];
    const options = { app: edge.app, path: '/v1/fails/other', token: undefined, signal: new AbortController().signal };
    for await (const answer of watchHttp(options)) seen.push(answer);
    expect(seen.map(({ index, status }) => [index, status])).toEqual([[0, 404]]);
  });
});

describe('the list of routes', () => {
  it('shows what every handler declares', async () => {
    const running = await startEdge();
    const routes = listRoutes(running.app).map(({ method, path, input, access, local }) => [
      `${method} ${path}`,
      typeof input === 'object' ? 'schema' : input,
      access?.kind,
      local,
    ]);
    await running.app.close();
    expect(routes).toContainEqual(['GET /v1/items/:id', 'schema', 'permission', false]);
    expect(routes).toContainEqual(['GET /v1/self', 'none', 'public', true]);
    expect(routes).toHaveLength(10);
  });
});
