import { once } from 'node:events';
import { SilentLogger, SystemRandom, SystemTimers, type Timer, Timers } from '@banyan/kernel';
import { eventually, withTestStore } from '@banyan/testkit';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Fence } from '../domain/fence.js';
import { LeaseKeeper } from './lease-keeper.js';
import type { Store } from './store.js';

const stores = withTestStore();
const keepers: LeaseKeeper[] = [];
afterEach(async () => {
  for (const keeper of keepers.splice(0)) await keeper.stop();
});

/** Timers of a process that can be paused (SIGSTOP): what is due while it is paused, runs when it goes on. */
class PausableTimers extends Timers {
  readonly #real = new SystemTimers();
  #paused = false;
  readonly #due = new Set<() => void>();

  override set(delayMs: number, callback: () => void): Timer {
    const timer = this.#real.set(delayMs, () => {
      if (this.#paused) this.#due.add(callback);
      else callback();
    });
    return {
      clear: () => {
        this.#due.delete(callback);
        timer.clear();
      },
    };
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const due = [...this.#due];
    this.#due.clear();
    for (const callback of due) callback();
  }
}

const keep = (store: Store, holder: string, ttlMs: number, timers: Timers = new SystemTimers()) => {
  const events: string[] = [];
  let onFence: (held: { fence: Fence; signal: AbortSignal }) => void;
  const acquired = new Promise<{ fence: Fence; signal: AbortSignal }>((resolve) => {
    onFence = resolve;
  });
  const keeper = new LeaseKeeper({
    store,
    name: 'replication',
    holder,
    ttlMs,
    timers,
    random: new SystemRandom(),
    logger: new SilentLogger(),
    onAcquired: (fence, signal) => {
      events.push(`acquired ${fence.fencing}`);
      onFence({ fence, signal });
    },
    onLost: () => void events.push('lost'),
  });
  keepers.push(keeper);
  keeper.start();
  return { keeper, events, acquired };
};

/** As servers keep theirs. */
const LEASE_MS = 6_000;

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const CHANGE = {
  topic: 'replication',
  key: 'k',
  operation: 'upsert',
  contentHash: 'h',
  write: async () => undefined,
} as const;

const write = (store: Store, fence: Fence) => store.run(async (tx) => tx.stage(CHANGE), { fence });

describe('LeaseKeeper', () => {
  it('lets one of two hold the lease, keeps it beyond its ttl, and hands it over with a higher fencing number', async () => {
    const store = await stores.open();
    const one = keep(store, 'one', 300);
    const { fence, signal } = await one.acquired;
    expect(fence).toEqual({ lease: 'replication', holder: 'one', fencing: 1 });
    const two = keep(store, 'two', 300);
    // Well beyond the ttl, by the database's clock.
    await store.dataSource.query('SELECT pg_sleep(0.7)');
    expect([one.events, two.events]).toEqual([['acquired 1'], []]);
    expect((await write(store, fence)).index).toBe(2);
    await one.keeper.stop();
    expect(signal.aborted).toBe(true);
    expect(one.events).toEqual(['acquired 1', 'lost']);
    expect(one.keeper.current()).toBeUndefined();
    expect((await two.acquired).fence).toEqual({ lease: 'replication', holder: 'two', fencing: 2 });
    await expect(write(store, fence)).rejects.toMatchObject({ name: 'BanyanError', code: 'LEASE_LOST' });
  });

  it('refuses the write of a holder that was paused while another one took the lease', async () => {
    const store = await stores.open();
    const timers = new PausableTimers();
    const one = keep(store, 'one', 400, timers);
    const { fence, signal } = await one.acquired;
    timers.pause();
    const two = keep(store, 'two', 400);
    expect((await two.acquired).fence.fencing).toBe(2);
    // The paused one still believes that it holds the lease.
    expect(one.keeper.current()).toEqual(fence);
    await expect(write(store, fence)).rejects.toMatchObject({ name: 'BanyanError', code: 'LEASE_LOST' });
    expect(await store.currentIndex()).toBe(1);
    timers.resume();
    await aborted(signal);
    expect(one.events).toEqual(['acquired 1', 'lost']);
    expect((await write(store, (await two.acquired).fence)).index).toBe(2);
  });

  it('holds a successor off while a transaction with its fence is under way', async () => {
    const store = await stores.open();
    const one = keep(store, 'one', 300, new SystemTimers());
    const { fence } = await one.acquired;
    const order: string[] = [];
    const slow = store.run(
      async (tx) => {
        await tx.manager.query('SELECT pg_sleep(0.8)');
        order.push('committed');
      },
      { fence },
    );
    const two = keep(store, 'two', 300);
    const taken = two.acquired.then(() => void order.push('taken'));
    await slow;
    await one.keeper.stop();
    await taken;
    expect(order).toEqual(['committed', 'taken']);
  });

  it('is taken within the promised 10 s from a holder that is paused within a transaction with its fence', async () => {
    const store = await stores.open();
    const timers = new PausableTimers();
    const one = keep(store, 'one', LEASE_MS, timers);
    const { fence } = await one.acquired;
    const [paused, underWay] = [new EventTarget(), new EventTarget()];
    const begun = once(underWay, 'begun');
    const late = store.run(
      async (tx) => {
        underWay.dispatchEvent(new Event('begun'));
        await once(paused, 'resumed');
        tx.stage(CHANGE);
      },
      { fence },
    );
    const refused = expect(late).rejects.toMatchObject({ name: 'BanyanError' });
    await begun;
    timers.pause();
    const startedAt = performance.now();
    const two = keep(store, 'two', LEASE_MS);
    expect((await two.acquired).fence.fencing).toBe(2);
    expect(performance.now() - startedAt).toBeLessThan(10_000);
    paused.dispatchEvent(new Event('resumed'));
    await refused;
    expect(await store.currentIndex()).toBe(1);
    timers.resume();
  }, 30_000);

  it('notices by itself that it cannot renew, before the lease runs out in the database', async () => {
    const store = await stores.open();
    const other = await stores.open({ url: await stores.freshUrl() });
    const one = keep(other, 'one', 300);
    const { signal, fence } = await one.acquired;
    const lock = other.dataSource.createQueryRunner();
    await lock.startTransaction();
    await lock.query('LOCK TABLE lease IN ACCESS EXCLUSIVE MODE');
    await aborted(signal);
    expect(one.events).toEqual(['acquired 1', 'lost']);
    await lock.rollbackTransaction();
    await lock.release();
    await one.keeper.stop();
    await expect(write(store, fence)).rejects.toMatchObject({ code: 'LEASE_LOST' });
  });

  it('takes its own lease over at once after a restart, and fences off the process it was before', async () => {
    const store = await stores.open();
    const killed = keep(store, 'server-1', 60_000);
    const { fence } = await killed.acquired;
    const start = performance.now();
    // The same server in its next process; the lease would have run for another minute.
    const again = keep(store, 'server-1', 60_000);
    const taken = (await again.acquired).fence;
    expect(performance.now() - start).toBeLessThan(5_000);
    expect(taken).toEqual({ lease: 'replication', holder: 'server-1', fencing: 2 });
    await expect(write(store, fence)).rejects.toMatchObject({ name: 'BanyanError', code: 'LEASE_LOST' });
    expect((await write(store, taken)).index).toBe(2);
  });

  it('does so only at its start: two processes with one ID do not take it from each other for ever', async () => {
    const store = await stores.open();
    const one = keep(store, 'twin', 300);
    await one.acquired;
    const two = keep(store, 'twin', 300);
    const { signal } = await two.acquired;
    // Several beats of both.
    await store.dataSource.query('SELECT pg_sleep(1)');
    expect([one.events, two.events]).toEqual([['acquired 1', 'lost'], ['acquired 2']]);
    expect(signal.aborted).toBe(false);
  });

  it('does not take the lease of another server that died before it has run out', async () => {
    const store = await stores.open();
    const one = keep(store, 'server-1', 60_000);
    await one.acquired;
    const two = keep(store, 'server-2', 300);
    await store.dataSource.query('SELECT pg_sleep(0.5)');
    expect(two.events).toEqual([]);
    await one.keeper.stop();
    expect((await two.acquired).fence.fencing).toBe(2);
  });

  it('steps down from a database that has become read-only, by name, and takes the lease again when it writes', async () => {
    const store = await stores.open();
    const one = keep(store, 'one', 600);
    const { signal, fence } = await one.acquired;
    const [where] = await store.query<{ name: string }>('SELECT current_database() AS name', []);
    // From a database beside it: sessions that are open keep what they began with, so all are ended.
    const { dataSource: beside } = await stores.open();
    const readOnly = async (on: boolean): Promise<void> => {
      await beside.query(`ALTER DATABASE ${where!.name} SET default_transaction_read_only = ${on ? 'on' : 'off'}`);
      await beside.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [where!.name]);
    };
    await readOnly(true);
    await aborted(signal);
    expect(one.events).toEqual(['acquired 1', 'lost']);
    const refusal = { name: 'BanyanError', code: 'STORE_UNREACHABLE', fields: { reason: 'read-only' } };
    await expect(write(store, fence)).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    await expect(store.run(async (tx) => tx.stage(CHANGE))).rejects.toMatchObject(refusal);
    await expect(store.ping()).rejects.toMatchObject(refusal);
    expect(await store.currentIndex()).toBe(1);
    await readOnly(false);
    await eventually('the lease is held again', () => one.keeper.current() !== undefined);
    expect((await write(store, one.keeper.current()!)).index).toBe(2);
  });
});
