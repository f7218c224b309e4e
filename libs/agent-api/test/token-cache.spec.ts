import { ANONYMOUS } from '@banyan/acl';
import { TokenCache } from '@banyan/agent-api';
import { SecretText } from '@banyan/kernel';
import { FakeServers, FakeTime } from '@banyan/testkit';
import { beforeEach, describe, expect, it } from '@jest/globals';

const secret = (text: string): SecretText => new SecretText(text);

let time: FakeTime;
let servers: FakeServers;
let cache: TokenCache;
beforeEach(() => {
  time = new FakeTime();
  servers = new FakeServers();
  servers.grant('web', { kind: 'service', service: 'web' });
  cache = new TokenCache(servers, time.clock, time.timers);
});

describe('a token', () => {
  it('is nobody when there is none, without a question', () => {
    expect(cache.resolve(undefined)).toBe(ANONYMOUS);
    expect(servers.resolved).toBe(0);
  });

  it('is asked for once within its time, and again afterwards', async () => {
    const caller = await cache.resolve(secret('web'));
    expect(caller).toMatchObject({ accessorId: 'accessor-of-web', role: { kind: 'service', service: 'web' } });
    time.jump(servers.ttlMs - 1);
    expect(cache.resolve(secret('web'))).toBe(caller);
    expect(servers.resolved).toBe(1);
    time.jump(1);
    await cache.resolve(secret('web'));
    expect(servers.resolved).toBe(2);
  });

  it('is asked for once by all who come at the same time', async () => {
    const callers = await Promise.all(Array.from({ length: 20 }, async () => cache.resolve(secret('web'))));
    expect([new Set(callers).size, servers.resolved]).toEqual([1, 1]);
  });

  it('goes on through an outage, asked for every 2 s', async () => {
    const caller = await cache.resolve(secret('web'));
    servers.isAway = true;
    time.jump(servers.ttlMs);
    expect(await cache.resolve(secret('web'))).toBe(caller);
    expect(cache.resolve(secret('web'))).toBe(caller);
    expect(servers.resolved).toBe(2);
    time.jump(2_000);
    await cache.resolve(secret('web'));
    expect(servers.resolved).toBe(3);
  });

  it('that was never seen is refused during an outage, with the reason', async () => {
    servers.isAway = true;
    await expect(cache.resolve(secret('web'))).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
  });

  it('is not held up by a server that hangs, and takes its answer when it comes', async () => {
    const caller = await cache.resolve(secret('web'));
    const gate = new AbortController();
    servers.gate = new Promise((resolve) => gate.signal.addEventListener('abort', () => resolve()));
    servers.grant('web');
    time.jump(servers.ttlMs);
    const waited = Promise.resolve(cache.resolve(secret('web')));
    await time.advance(250);
    expect(await waited).toBe(caller);
    gate.abort();
    await time.advance(1);
    await expect(cache.resolve(secret('web'))).rejects.toMatchObject({ code: 'ACL_NOT_FOUND' });
    expect(time.waits).toEqual([]);
  });

  it('that was withdrawn is forgotten: a later outage does not bring it back', async () => {
    await cache.resolve(secret('web'));
    servers.grant('web');
    time.jump(servers.ttlMs);
    await expect(cache.resolve(secret('web'))).rejects.toMatchObject({ code: 'ACL_NOT_FOUND' });
    servers.isAway = true;
    await expect(cache.resolve(secret('web'))).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
  });

  it('is forgotten when 4096 others came after it', async () => {
    await cache.resolve(secret('web'));
    for (let count = 0; count < 4_096; count += 1) {
      servers.grant(`t${count}`, { kind: 'operator-read' });
      await cache.resolve(secret(`t${count}`));
    }
    const before = servers.resolved;
    await cache.resolve(secret('t0'));
    expect(servers.resolved).toBe(before);
    await cache.resolve(secret('web'));
    expect(servers.resolved).toBe(before + 1);
  });
});
