import { SecretText, SystemClock } from '@banyan/kernel';
import { freePort } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LanClient, RotatingIdentity } from '../src/index.js';
import { agentUri, serverUri, TestAuthority } from './support/test-authority.js';
import { untilAborted } from './support/test-ports.js';
import { pause, TestServer, until } from './support/test-server.js';
import { Wire } from './support/wire.js';

const clock = new SystemClock();
const beat = { node: 'n1', address: '', version: '', observedMs: 1 };
const leaf = { token: new SecretText('t'), csrPem: 'csr' };

let authority: TestAuthority;
let first: TestServer;
let second: TestServer;

const clientOf = (addresses: readonly string[]): LanClient =>
  new LanClient({
    addresses,
    identity: new RotatingIdentity(authority.issue(agentUri('dc1', 'n1'))),
    datacenter: 'dc1',
    clock,
  });

beforeAll(async () => {
  authority = TestAuthority.create('root one');
  first = await TestServer.start(new RotatingIdentity(authority.issue(serverUri('dc1'))));
  second = await TestServer.start(new RotatingIdentity(authority.issue(serverUri('dc1'))));
});
afterAll(async () => {
  await first.stop();
  await second.stop();
});

const elapsedSince = (start: number): number => performance.now() - start;

/** A client that is connected to both servers, to the first over `wire`. */
const bothConnected = async (wire: Wire): Promise<LanClient> => {
  await wire.mend();
  const client = clientOf([wire.address, second.lanAddress]);
  const before = [first.lan.signed, second.lan.signed];
  while (first.lan.signed === before[0] || second.lan.signed === before[1]) await client.signLeaf(leaf);
  return client;
};

describe('a server that is frozen', () => {
  const request = { method: 'GET', path: '/v1/x', headers: {}, body: Buffer.alloc(0) } as const;

  it('is left within a few seconds by calls under way and by streams, then avoided, and used again when it thaws', async () => {
    const wire = new Wire(await freePort(), first.lanAddress);
    const client = await bothConnected(wire);
    const watchedAt: string[] = [];
    for (const [name, { lan }] of [
      ['first', first],
      ['second', second],
    ] as const) {
      lan.onForward = async () => ({ status: 200, headers: {}, body: Buffer.from(name) });
      lan.onWatch = async function* (_request, call) {
        watchedAt.push(name);
        yield { index: 1, status: 200, body: Buffer.from(name) };
        await untilAborted(call.signal);
      };
    }
    // One stream on each server, whichever comes first.
    const streams = [0, 1].map(() => client.watch({ path: '/v1/w', token: new SecretText('t') }));
    for (const stream of streams) await stream.next();
    expect(watchedAt.toSorted()).toEqual(['first', 'second']);
    const onFirst = streams[watchedAt.indexOf('first')]!;

    wire.freeze();
    const start = performance.now();
    const silenced = expect(onFirst.next()).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringContaining('silent') as unknown,
    });
    const answers = await Promise.all([client.forward(request), client.forward(request)]);
    expect(answers.map(({ body }) => Buffer.from(body).toString())).toEqual(['second', 'second']);
    expect(elapsedSince(start)).toBeLessThan(5_500);
    await silenced;
    expect(elapsedSince(start)).toBeLessThan(7_000);
    // Known to be silent: nobody waits for it any more.
    const later = performance.now();
    for (let calls = 0; calls < 6; calls += 1) await client.heartbeat(beat);
    expect(elapsedSince(later)).toBeLessThan(1_000);

    wire.thaw();
    const thawedAt = performance.now();
    for (;;) {
      const { body } = await client.forward(request);
      if (Buffer.from(body).toString() === 'first') break;
      await pause();
    }
    expect(elapsedSince(thawedAt)).toBeLessThan(5_000);
    client.close();
    await wire.cut();
  }, 30_000);

  it('is not taken for silent while it is only slow', async () => {
    const client = clientOf([first.lanAddress, second.lanAddress]);
    await client.heartbeat(beat);
    const started: string[] = [];
    for (const [name, { lan }] of [
      ['first', first],
      ['second', second],
    ] as const) {
      lan.onForward = async () => {
        started.push(name);
        await new Promise((resolve) => setTimeout(resolve, 4_500));
        return { status: 200, headers: {}, body: Buffer.from(name) };
      };
    }
    const { body } = await client.forward(request, { deadlineMs: 20_000 });
    expect(started).toEqual([Buffer.from(body).toString()]);
    client.close();
  }, 15_000);

  it('keeps a write that it was given: whether it was made is for that server to say', async () => {
    const wire = new Wire(await freePort(), first.lanAddress);
    const client = await bothConnected(wire);
    const writes: string[] = [];
    const answered = (name: string) => async () => {
      writes.push(name);
      return { status: 200, headers: {}, body: Buffer.from(name) };
    };
    first.lan.onForward = answered('first');
    second.lan.onForward = answered('second');
    wire.freeze();
    const write = { ...request, method: 'PUT' } as const;
    // Two writes in turn: one goes to each server.
    const outcomes = [client.forward(write), client.forward(write)];
    await until(() => writes.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    wire.thaw();
    const bodies = (await Promise.all(outcomes)).map(({ body }) => Buffer.from(body).toString());
    expect(bodies.toSorted()).toEqual(['first', 'second']);
    expect(writes.toSorted()).toEqual(['first', 'second']);
    client.close();
    await wire.cut();
  }, 20_000);
});

describe('a link that was cut', () => {
  it('is named, is noticed at once when it heals, and can be replaced', async () => {
    const wire = new Wire(await freePort(), second.lanAddress);
    await wire.mend();
    const client = clientOf([wire.address]);
    await client.heartbeat(beat);
    await wire.cut();
    await expect(client.heartbeat(beat)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    expect(['unreachable', 'connecting', 'idle']).toContain(client.state);
    // Long enough for the back-off to have reached its cap.
    const cutAt = clock.now();
    while (clock.now() - cutAt < 4_000) {
      await client.heartbeat(beat).catch(() => undefined);
      await pause();
    }
    await wire.mend();
    const mendedAt = clock.now();
    while ((await client.heartbeat(beat).catch(() => undefined)) === undefined) await pause();
    expect(clock.now() - mendedAt).toBeLessThan(2_800);
    expect(client.state).toBe('ready');
    await wire.cut();
    client.setAddresses([first.lanAddress]);
    expect(await client.heartbeat(beat)).toMatchObject({ serverMs: 2 });
    client.close();
    expect(client.state).toBe('closed');
    await expect(client.heartbeat(beat)).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
