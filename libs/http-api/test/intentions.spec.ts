import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type Api, startApi } from './api-fixture.js';

const TEXT = 'text/plain; charset=utf-8';
const INTENTIONS = '/v1/connect/intentions';
const PAIR = `${INTENTIONS}/exact?source=web&destination=default/db`;

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
