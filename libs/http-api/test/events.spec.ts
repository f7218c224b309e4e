import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { BanyanError, SecretText } from '@banyan/kernel';
import { injectHttp } from '@banyan/http-kit';
import { type Api, SECRETS, startApi } from './api-fixture.js';
import { EventReader } from './event-reader.js';

const EVENTS = '/v1/operator/events';

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  await api.stop();
});

/** Resolves as soon as `condition` holds; the test's own time-out is the limit. */
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
};

const follow = (topics: string, query = ''): Promise<EventReader> =>
  EventReader.open(api.port, `${EVENTS}?topics=${topics}${query}`, SECRETS.reader);

const allowWeb = () =>
  api.ask('PUT', '/v1/connect/intentions/exact?source=web&destination=api', 'manager', { Action: 'allow' });

const accessorOf = (from: Api, name: string): string =>
  from.tokens.list().find(({ description }) => description === name)!.accessorId;

const changes = async (held = ''): Promise<{ Events: { Topic: string; Hash: string; Data: unknown }[] }> =>
  JSON.parse(
    (await api.ask('GET', `${EVENTS}/changes?topics=intentions${held === '' ? '' : `&held=${held}`}`, 'reader')).body,
  ) as { Events: { Topic: string; Hash: string; Data: unknown }[] };

describe('a stream of events', () => {
  it('begins with the present state of every topic that was asked for, as its route answers it', async () => {
    const reader = await follow('federation,rotations,intentions,ledger');
    expect(reader.response.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
    });
    const told = new Map<string, unknown>();
    while (told.size < 4) {
      const event = await reader.next();
      told.set(event!.event, event!.data);
    }
    reader.leave();
    const federation = await api.ask('GET', '/v1/operator/federation', 'reader');
    expect(told.get('federation')).toEqual(JSON.parse(federation.body));
    const rotations = await api.ask('GET', '/v1/connect/ca/rotations', 'reader');
    expect(told.get('rotations')).toEqual(JSON.parse(rotations.body));
    expect([told.get('intentions'), told.get('ledger')]).toEqual([{ Index: 4 }, { Index: 0 }]);
  });

  it('tells the index that a blocking query gives when a list changes', async () => {
    const reader = await follow('intentions');
    const first = (await reader.next())?.data as { Index: number };
    await allowWeb();
    const second = (await reader.next())?.data as { Index: number };
    reader.leave();
    const list = await api.ask('GET', '/v1/connect/intentions', 'manager');
    expect(second.Index).toBeGreaterThan(first.Index);
    expect(list.headers['x-consul-index']).toBe(String(second.Index));
  });

  it('is one look for many readers, and none when nobody reads', async () => {
    const readers = await Promise.all([1, 2, 3].map(() => follow('federation')));
    const events = await Promise.all(readers.map((reader) => reader.next()));
    expect(events.map((event) => event?.event)).toEqual(['federation', 'federation', 'federation']);
    expect([api.federation.reads, api.hub.open]).toEqual([1, 3]);
    for (const reader of readers) reader.leave();
    await until(() => api.hub.open === 0);
    expect(api.hub.open).toBe(0);
  });

  it('leaves no waiter and no place behind when its reader goes, also one that never read', async () => {
    const readers = await Promise.all(Array.from({ length: 20 }, () => follow('tokens,services,federation')));
    expect(api.hub.open).toBe(20);
    for (const reader of readers) reader.leave();
    await until(() => api.hub.open === 0);
    expect([api.hub.open, api.follower.waiting]).toEqual([0, 0]);
  });

  it('gives a slow reader the newest state and no queue of old ones', async () => {
    const reader = await follow('federation');
    await reader.nextOf('federation');
    // More than any socket buffers: the server has to stop in the middle of this one.
    api.federation.state = 'x'.repeat(16 * 1024 * 1024);
    await until(() => reader.response.readableLength > 0);
    for (const state of ['EXPIRED', 'DRIFT', 'CLOCK_SKEW']) {
      api.federation.state = state;
      const before = api.federation.reads;
      await until(() => api.federation.reads > before);
    }
    const states: string[] = [];
    while (states.at(-1) !== 'CLOCK_SKEW') {
      const event = await reader.nextOf('federation');
      states.push((event!.data as { Datacenters: { State: string }[] }).Datacenters[0]!.State.slice(0, 12));
    }
    reader.leave();
    // One was taken already when the socket was full; what came after it is past, and is not told.
    expect(states).toEqual(['xxxxxxxxxxxx', 'EXPIRED', 'CLOCK_SKEW']);
  });

  it('ends with PERMISSION_DENIED when its token is taken away', async () => {
    const reader = await follow('intentions');
    await reader.next();
    await api.ask('DELETE', `/v1/acl/token/${accessorOf(api, 'reader')}`, 'manager');
    expect(await reader.nextOf('error')).toEqual({
      event: 'error',
      data: { Code: 'PERMISSION_DENIED', Message: 'ACL not found' },
    });
    expect(await reader.next()).toBeUndefined();
    expect(api.hub.open).toBe(0);
  });

  it('shows that it is alive though it is woken for nothing that it tells', async () => {
    const reader = await follow('rotations');
    await reader.next();
    const context = { token: new SecretText(SECRETS.manager), accessorId: accessorOf(api, 'manager') };
    await api.tokens.create(context, { role: { kind: 'operator-read' }, description: 'one more' });
    expect(await reader.block()).toBe(': still here');
    reader.leave();
  });

  it('ends with ABORTED when the server stops, which waits for nobody', async () => {
    const reader = await follow('intentions');
    await reader.next();
    const began = performance.now();
    const [end] = await Promise.all([reader.nextOf('error'), api.app.close()]);
    expect(end?.data).toMatchObject({ Code: 'ABORTED' });
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await reader.next()).toBeUndefined();
  });

  it('says that a topic cannot be read, in the words of its route, and goes on when it can', async () => {
    api.federation.failure = new BanyanError('STORE_UNREACHABLE', 'postgres://db.internal refused');
    const reader = await follow('federation,intentions');
    expect((await reader.nextOf('unavailable'))?.data).toEqual({
      Topic: 'federation',
      Code: 'STORE_UNREACHABLE',
      Message: 'The datacenter cannot reach its store; try again later',
    });
    api.federation.failure = undefined;
    expect((await reader.nextOf('federation'))?.event).toBe('federation');
    reader.leave();
  });

  it('is for who may read operator, for known topics, and for clients of the server itself', async () => {
    expect((await api.ask('GET', EVENTS, 'web')).status).toBe(403);
    const unknown = await api.ask('GET', `${EVENTS}?topics=federation,nothing`, 'reader');
    expect([unknown.status, unknown.headers['x-banyan-error']]).toEqual([400, 'REQUEST_INVALID']);
    const carried = await injectHttp(api.app, {
      method: 'GET',
      path: EVENTS,
      headers: { 'x-consul-token': SECRETS.reader },
      origin: 'agent',
    });
    expect([carried.status, carried.headers['x-banyan-error']]).toEqual([400, 'REQUEST_INVALID']);
  });

  it('refuses one stream too many, and takes it when another has gone', async () => {
    const tickets = Array.from({ length: 256 }, () => api.hub.enter([], () => {}));
    const refused = await api.ask('GET', EVENTS, 'reader');
    expect([refused.status, refused.headers['x-banyan-error'], refused.headers['retry-after']]).toEqual([
      429,
      'RATE_LIMITED',
      '5',
    ]);
    tickets[0]!.release();
    const reader = await follow('intentions');
    expect((await reader.next())?.event).toBe('intentions');
    reader.leave();
    for (const { release } of tickets) release();
  });
});

describe('events of another datacenter', () => {
  let other: Api;
  beforeEach(async () => {
    other = await startApi();
    api.wan.other = other.app;
  });
  afterEach(async () => {
    await other.stop();
  });

  it('are its own, and follow its changes', async () => {
    const reader = await follow('federation', '&dc=dc2');
    other.federation.state = 'DRIFT';
    const states: string[] = [];
    while (states.at(-1) !== 'DRIFT') {
      const event = await reader.nextOf('federation');
      states.push((event!.data as { Datacenters: { State: string }[] }).Datacenters[0]!.State);
    }
    reader.leave();
    expect(api.federation.reads).toBe(0);
    await until(() => api.hub.open === 0 && other.hub.open === 0);
    expect(api.wan.paths.every((path) => !path.includes('token'))).toBe(true);
  });

  it('end with DATACENTER_UNREACHABLE when the WAN is cut, and with PERMISSION_DENIED when that datacenter refuses', async () => {
    const reader = await follow('federation', '&dc=dc2');
    await reader.nextOf('federation');
    await other.ask('DELETE', `/v1/acl/token/${accessorOf(other, 'reader')}`, 'manager');
    expect((await reader.nextOf('error'))?.data).toMatchObject({ Code: 'PERMISSION_DENIED' });
    api.wan.other = undefined;
    const cut = await follow('federation', '&dc=dc2');
    expect((await cut.nextOf('error'))?.data).toMatchObject({ Code: 'DATACENTER_UNREACHABLE' });
    expect(await cut.next()).toBeUndefined();
  });
});

describe('GET /v1/operator/events/changes', () => {
  it('answers what differs from what is held, and waits while nothing does', async () => {
    const first = await changes();
    expect(first.Events.map(({ Topic }) => Topic)).toEqual(['intentions']);
    const waiting = changes(`intentions:${first.Events[0]!.Hash}`);
    await until(() => api.hub.open === 1);
    await allowWeb();
    const second = await waiting;
    expect(second.Events[0]!.Hash).not.toBe(first.Events[0]!.Hash);
    expect(api.hub.open).toBe(0);
  });
});
