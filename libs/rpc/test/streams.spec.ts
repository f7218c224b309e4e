import { SecretText, SystemClock } from '@banyan/kernel';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { FeedEvent } from '../src/domain/messages/wan-messages.js';
import { LanClient, RotatingIdentity, WanClient } from '../src/index.js';
import { agentUri, serverUri, TestAuthority } from './support/test-authority.js';
import { untilAborted } from './support/test-ports.js';
import { pause, TestServer, until } from './support/test-server.js';

const clock = new SystemClock();
const token = new SecretText('t');
const beat = { node: 'n1', address: '', version: '', observedMs: 1 };
const follow = { token, datacenter: 'dc2', epoch: '', index: 0 };

let one: TestAuthority;
let two: TestAuthority;
let server: TestServer;
const open: { close(): void }[] = [];

const event = (index: number, body: Uint8Array = Buffer.alloc(0)): FeedEvent => ({
  epoch: 'e',
  index,
  snapshot: false,
  items: [{ topic: 'intention', key: 'k', operation: 'upsert', contentHash: 'h', body }],
  heartbeat: false,
  sentAtMs: 1,
  more: false,
});

const wanClient = (identity = new RotatingIdentity(one.issue(serverUri('dc2')))): WanClient => {
  const client = new WanClient({ addresses: [server.wanAddress], identity, datacenter: 'dc1', clock });
  open.push(client);
  return client;
};
const lanClient = (identity = new RotatingIdentity(one.issue(agentUri('dc1', 'n1')))): LanClient => {
  const client = new LanClient({ addresses: [server.lanAddress], identity, datacenter: 'dc1', clock });
  open.push(client);
  return client;
};

beforeAll(async () => {
  one = TestAuthority.create('root one');
  two = TestAuthority.create('root two');
  server = await TestServer.start(new RotatingIdentity(one.issue(serverUri('dc1'))));
});
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});
afterAll(() => server.stop());

describe('rotation', () => {
  it('keeps an open stream alive on both ends, and uses the next material for the next connection', async () => {
    const both = one.rootPem + two.rootPem;
    const identity = new RotatingIdentity(one.issue(serverUri('dc2'), { bundlePem: both }));
    const client = wanClient(identity);
    let release: (() => void) | undefined;
    server.wan.onFollow = async function* (_request, call) {
      for (let index = 1; ; index += 1) {
        yield event(index);
        await Promise.race([new Promise<void>((resolve) => (release = resolve)), untilAborted(call.signal)]);
      }
    };
    const stream = client.follow(follow);
    expect(await stream.next()).toMatchObject({ value: { index: 1 } });

    // The client moves to root two, the server too; from here on the server trusts root two only.
    identity.rotate(two.issue(serverUri('dc2'), { bundlePem: both }));
    server.identity.rotate(two.issue(serverUri('dc1')));
    const stale = wanClient(new RotatingIdentity(one.issue(serverUri('dc2'), { bundlePem: both })));
    try {
      release?.();
      expect(await stream.next()).toMatchObject({ value: { index: 2 } });
      // A new call of the same client goes over a new connection, with the certificate under root two.
      expect(await client.report({ datacenter: 'dc2', json: 'after' })).toEqual({ roundTripMs: 0 });
      expect(server.wan.reports).toContain('after');
      await expect(stale.report({ datacenter: 'dc2', json: 'stale' })).rejects.toMatchObject({
        code: 'PEER_UNAUTHENTICATED',
      });
      release?.();
      expect(await stream.next()).toMatchObject({ value: { index: 3 } });
      await stream.return();
    } finally {
      server.identity.rotate(one.issue(serverUri('dc1')));
    }
  });

  it('makes later calls with the next certificate, though the connection of the last one is still good', async () => {
    const identity = new RotatingIdentity(one.issue(agentUri('dc1', 'n1')));
    const client = lanClient(identity);
    expect((await client.renewAgent({ csrPem: 'csr' })).certificatePem).toContain('"node":"n1"');
    identity.rotate(one.issue(agentUri('dc1', 'n2')));
    expect((await client.renewAgent({ csrPem: 'csr' })).certificatePem).toContain('"node":"n2"');
  });

  it('keeps the last good material when the next one is bad', async () => {
    const good = one.issue(agentUri('dc1', 'n1'));
    const other = one.issue(agentUri('dc1', 'n1'));
    const identity = new RotatingIdentity(good);
    const client = lanClient(identity);
    for (const [bad, code] of [
      [{ ...good, keyPem: other.keyPem }, 'KEY_MISMATCH'],
      [{ ...good, keyPem: new SecretText('nothing') }, 'PEM_INVALID'],
      [{ ...good, certChainPem: 'nothing' }, 'PEM_INVALID'],
      [{ ...good, bundlePem: '' }, 'PEM_INVALID'],
      [one.issue([agentUri('dc1', 'n1'), serverUri('dc1')]), 'CHAIN_SAN_INVALID'],
    ] as const) {
      expect(() => identity.rotate(bad)).toThrow(expect.objectContaining({ code }));
    }
    expect(identity.material).toBe(good);
    expect(await client.heartbeat(beat)).toMatchObject({ serverMs: 2 });
  });

  it('fails calls by name until the first certificate is there', async () => {
    const identity = new RotatingIdentity();
    const client = lanClient(identity);
    expect(client.state).toBe('no-identity');
    await expect(client.heartbeat(beat)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    identity.rotate(one.issue(agentUri('dc1', 'n1')));
    expect(await client.heartbeat(beat)).toMatchObject({ serverMs: 2 });
  });
});

describe('a stream', () => {
  it('is produced at the pace of its reader', async () => {
    const LAST = 3_000;
    const body = Buffer.alloc(32 * 1024);
    let produced = 0;
    server.wan.onFollow = async function* () {
      while (produced < LAST) yield event((produced += 1), body);
    };
    const stream = wanClient().follow(follow);
    expect(await stream.next()).toMatchObject({ value: { index: 1 } });
    let seen = -1;
    while (seen !== produced) {
      seen = produced;
      for (let turn = 0; turn < 20; turn += 1) await pause();
    }
    // 16 objects in each side's stream buffer, HTTP/2 windows and socket buffers of some MiB at most.
    expect(produced).toBeLessThan(300);
    for (let index = 2; index <= 600; index += 1) {
      expect(await stream.next()).toMatchObject({ value: { index } });
    }
    expect(produced).toBeGreaterThanOrEqual(600);
    expect(produced).toBeLessThan(900);
    await stream.return();
  });

  it('ends by itself, and ends with the error of its source', async () => {
    server.lan.onWatch = async function* (request) {
      yield { index: 7, status: 200, body: Buffer.from('[]') };
      if (request.path === '/v1/bad') throw Object.assign(new TypeError('inner'), {});
    };
    const client = lanClient();
    const seen: number[] = [];
    for await (const { index } of client.watch({ path: '/v1/good', token })) seen.push(index);
    expect(seen).toEqual([7]);
    const bad = client.watch({ path: '/v1/bad', token });
    expect(await bad.next()).toMatchObject({ value: { index: 7, status: 200 } });
    await expect(bad.next()).rejects.toMatchObject({ code: 'INTERNAL' });
    server.wan.onFollow = () => {
      throw new TypeError('before the first');
    };
    await expect(wanClient().follow(follow).next()).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it.each(['leaving the loop', 'the signal'])('reaches its source when cancelled by %s', async (how) => {
    let aborted = false;
    let ended = false;
    server.lan.onWatch = async function* (_request, call) {
      call.signal.addEventListener('abort', () => (aborted = true));
      try {
        yield { index: 1, status: 200, body: Buffer.alloc(0) };
        await untilAborted(call.signal);
      } finally {
        ended = true;
      }
    };
    const controller = new AbortController();
    const stream = lanClient().watch({ path: '/v1/x', token }, { signal: controller.signal });
    await stream.next();
    expect([aborted, ended]).toEqual([false, false]);
    if (how === 'leaving the loop') await stream.return();
    else {
      const pending = stream.next();
      if (how === 'the signal') controller.abort();
      else controller.abort(new Error('going away'));
      await expect(pending).rejects.toMatchObject({ code: 'ABORTED' });
    }
    await until(() => aborted && ended);
  });
});

describe('a unary call', () => {
  it('reaches its handler when it is cancelled or late', async () => {
    const seen: string[] = [];
    server.lan.onForward = async (request, call) => {
      call.signal.addEventListener('abort', () => seen.push(request.path));
      return untilAborted(call.signal);
    };
    const client = lanClient();
    const request = { method: 'GET', path: '/v1/a', headers: {}, body: Buffer.alloc(0) } as const;
    const controller = new AbortController();
    const cancelled = client.forward(request, { signal: controller.signal });
    const refused = expect(cancelled).rejects.toMatchObject({ code: 'ABORTED' });
    await until(() => client.state === 'ready');
    await pause();
    controller.abort();
    await refused;
    await expect(client.forward({ ...request, path: '/v1/b' }, { deadlineMs: 150 })).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
    });
    await until(() => seen.includes('/v1/b'));
    await expect(client.forward(request, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
