import { epochMs, SilentLogger, SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import { LeaseKeeper, type Store } from '@banyan/store';
import { eventually, withTestStore } from '@banyan/testkit';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ServerMembership, type ServerPresence, ServerRegistry } from '../src/index.js';

const stores = withTestStore();
const running: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of running.splice(0).toReversed()) await each.stop();
});

const presence = (name: string, more: Partial<ServerPresence> = {}): ServerPresence => ({
  id: `00000000-0000-4000-8000-00000000000${name.at(-1)}`,
  datacenter: 'dc1',
  name,
  version: '0.1.0',
  httpAddress: `${name}:8510`,
  lanAddress: `${name}:8300`,
  wanAddress: `${name}:8302`,
  startedAt: epochMs(1_700_000_000_000),
  ...more,
});

const tools = { timers: new SystemTimers(), random: new SystemRandom(), logger: new SilentLogger() };

const join = (store: Store, self: ServerPresence): ServerMembership => {
  const registry = new ServerRegistry(store);
  const membership = new ServerMembership({ registry, self, clock: new SystemClock(), ...tools });
  running.push(membership);
  membership.start();
  return membership;
};

/** As if so many ms had passed since the server was last heard. */
const silence = (store: Store, id: string, ms: number) =>
  store.query(`UPDATE server SET seen_at = clock_timestamp() - $2 * interval '1 millisecond' WHERE id = $1`, [id, ms]);

describe('the servers of a datacenter', () => {
  it('know each other, by what each says of itself', async () => {
    const store = await stores.open();
    const one = join(store, presence('server-1'));
    const two = join(store, presence('server-2'));
    expect(one.lanAddresses()).toEqual(['server-1:8300']);
    await eventually('both see both', () => {
      for (const each of [one, two]) each.wake();
      return one.servers.length === 2 && two.servers.length === 2;
    });
    for (const each of [one, two]) {
      expect(each.servers).toMatchObject([
        { ...presence('server-1'), alive: true, leases: [] },
        { ...presence('server-2'), alive: true, leases: [] },
      ]);
      expect(each.lanAddresses()).toEqual(['server-1:8300', 'server-2:8300']);
      expect(each.wanAddresses()).toEqual(['server-1:8302', 'server-2:8302']);
    }
  });

  it('tell agents neither of one that is gone nor of an address that nobody can dial', async () => {
    const store = await stores.open();
    const registry = new ServerRegistry(store);
    await registry.announce(presence('server-2'));
    await registry.announce(presence('server-3', { lanAddress: '0.0.0.0:8300', wanAddress: '[::]:8302' }));
    await silence(store, presence('server-2').id, 10_100);
    const one = join(store, presence('server-1'));
    await eventually('the others are seen', () => one.servers.length === 3);
    expect(one.servers.map(({ name, alive }) => [name, alive])).toEqual([
      ['server-1', true],
      ['server-2', false],
      ['server-3', true],
    ]);
    expect(one.lanAddresses()).toEqual(['server-1:8300']);
    // Other datacenters pass over one that is away, and their record does not change at each restart.
    expect(one.wanAddresses()).toEqual(['server-1:8302', 'server-2:8302']);
  });

  it('forget one that was not heard for an hour, and say goodbye when they stop', async () => {
    const store = await stores.open();
    const registry = new ServerRegistry(store);
    for (const name of ['server-2', 'server-3']) await registry.announce(presence(name));
    await silence(store, presence('server-2').id, 3_599_000);
    await silence(store, presence('server-3').id, 3_600_100);
    const one = join(store, presence('server-1'));
    await eventually('it has looked', () => one.lookedAt !== undefined);
    expect(one.servers.map(({ name }) => name)).toEqual(['server-1', 'server-2']);
    await one.stop();
    expect((await registry.list()).map(({ name, alive }) => [name, alive])).toEqual([
      ['server-1', false],
      ['server-2', false],
    ]);
    await registry.announce(presence('server-1', { version: '0.2.0' }));
    expect((await registry.list())[0]).toMatchObject({ name: 'server-1', alive: true, version: '0.2.0' });
  });

  it('show who holds which lease since when', async () => {
    const store = await stores.open();
    const two = presence('server-2');
    const one = join(store, presence('server-1'));
    await new ServerRegistry(store).announce(two);
    await eventually('both are seen', () => {
      one.wake();
      return one.servers.length === 2;
    });
    expect(one.holderOf('authority')).toBeUndefined();
    const startedAt = Date.now();
    const lease = new LeaseKeeper({
      store,
      name: 'authority',
      holder: two.id,
      ttlMs: 6_000,
      onAcquired: () => one.wake(),
      onLost: () => one.wake(),
      ...tools,
    });
    lease.start();
    await eventually('the holder is seen', () => one.holderOf('authority')?.name === 'server-2');
    const [held] = one.servers[1]!.leases;
    expect(held).toMatchObject({ name: 'authority', fencing: 1 });
    expect(Math.abs(held!.since! - startedAt)).toBeLessThan(5_000);
    await lease.stop();
    await eventually('nobody holds it', () => {
      one.wake();
      return one.holderOf('authority') === undefined;
    });
  });

  it('keep the last view, with the time it is of, while the database does not answer', async () => {
    const store = await stores.open();
    const one = join(store, presence('server-1'));
    await eventually('it has looked', () => one.servers.length === 1);
    const lookedAt = one.lookedAt;
    await store.dataSource.query('ALTER TABLE server RENAME TO away');
    one.wake();
    await store.dataSource.query('SELECT pg_sleep(0.5)');
    expect(one.servers).toHaveLength(1);
    expect(one.lookedAt).toBe(lookedAt);
    await store.dataSource.query('ALTER TABLE away RENAME TO server');
    await eventually('it looks again', () => one.lookedAt! > lookedAt!);
  });
});
