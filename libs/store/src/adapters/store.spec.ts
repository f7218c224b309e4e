import { once } from 'node:events';
import { BanyanError, type StateIndex, stateIndex } from '@banyan/kernel';
import { withTestStore } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import type { StagedChange, Store, Topic, Transaction } from '../index.js';

const stores = withTestStore();

/** A change that writes a row of its own to `datacenter`. */
const upsert = (key: string, topic: Topic = 'datacenter'): StagedChange => ({
  topic,
  key,
  operation: 'upsert',
  contentHash: `hash-of-${key}`,
  write: async (manager, index) => {
    await manager.query(
      `INSERT INTO datacenter (name, wan_address, is_primary, content_hash, create_index, modify_index)
       VALUES ($1, '127.0.0.1:1', false, 'h', $2, $2) ON CONFLICT (name) DO UPDATE SET modify_index = $2`,
      [key, index],
    );
  },
});

const put = async (store: Store, ...keys: string[]): Promise<StateIndex> =>
  (await store.run(async (tx) => keys.forEach((key) => tx.stage(upsert(key))))).index;

describe('Store', () => {
  it('gives every transaction that staged something the next index, on its rows and in its log', async () => {
    const store = await stores.open();
    expect(await store.currentIndex()).toBe(1);
    expect(await put(store, 'a', 'b')).toBe(2);
    const page = await store.changesAfter(stateIndex(1), 100);
    expect(page.changes).toEqual([
      { index: 2, topic: 'datacenter', key: 'a', operation: 'upsert', contentHash: 'hash-of-a' },
      { index: 2, topic: 'datacenter', key: 'b', operation: 'upsert', contentHash: 'hash-of-b' },
    ]);
    expect(page).toMatchObject({ latest: 2, reachesBack: true, epoch: store.epoch });
  });

  it('does what is meant for after the commit once others see the commit, and never without one', async () => {
    const store = await stores.open();
    const seen: number[] = [];
    const look = async (): Promise<void> => void seen.push(await store.currentIndex());
    const work = async (tx: Transaction, key: string): Promise<void> => {
      tx.afterCommit(look);
      tx.stage(upsert(key));
      await Promise.resolve();
    };
    expect((await store.run((tx) => work(tx, 'a'))).index).toBe(2);
    expect(seen).toEqual([2]);
    const refused = store.run(async (tx) => {
      await work(tx, 'b');
      throw new BanyanError('INTENTION_INVALID', 'no');
    });
    await expect(refused).rejects.toMatchObject({ code: 'INTENTION_INVALID' });
    expect(seen).toEqual([2]);
  });

  it('takes no index for a transaction that staged nothing', async () => {
    const store = await stores.open();
    expect(await store.run(async () => 'read')).toEqual({ value: 'read', index: 1 });
    expect(await store.currentIndex()).toBe(1);
  });

  it('writes nothing when the work throws, and passes the error on', async () => {
    const store = await stores.open();
    const failure = new BanyanError('INTENTION_INVALID', 'no');
    const attempt = store.run(async (tx) => {
      tx.stage(upsert('a'));
      throw failure;
    });
    await expect(attempt).rejects.toBe(failure);
    expect(await store.currentIndex()).toBe(1);
    expect(await store.dataSource.query('SELECT * FROM datacenter')).toEqual([]);
  });

  it('makes indexes visible in their order: a slow writer and a fast one, and a reader that never misses a change', async () => {
    const store = await stores.open();
    const seen: number[] = [];
    let writing = true;
    const reader = (async () => {
      let cursor = stateIndex(1);
      for (let last = false; !last;) {
        last = !writing;
        const page = await store.changesAfter(cursor, 5);
        seen.push(...page.changes.map((change) => change.index));
        const end = page.changes.at(-1)?.index;
        if (end !== undefined) [cursor, last] = [end, false];
      }
    })();
    const write = async (name: string, count: number, pauseSeconds: number): Promise<void> => {
      for (let i = 0; i < count; i += 1) {
        await store.run(async (tx) => {
          tx.stage(upsert(`${name}-${i}`));
          // The slow one stays in its transaction, before and after taking its index.
          await tx.manager.query('SELECT pg_sleep($1)', [pauseSeconds]);
          tx.stage({
            ...upsert(`${name}-${i}-late`),
            write: async (m) => void (await m.query('SELECT pg_sleep($1)', [pauseSeconds / 4])),
          });
        });
      }
    };
    await Promise.all([write('slow', 8, 0.04), write('fast', 60, 0), write('other', 60, 0)]);
    writing = false;
    await reader;
    const expected = Array.from({ length: 128 }, (_, i) => [i + 2, i + 2]).flat();
    expect(seen).toEqual(expected);
  });

  it('never cuts a transaction in a page', async () => {
    const store = await stores.open();
    await put(store, 'a');
    await put(store, 'b', 'c', 'd');
    await put(store, 'e');
    const page = await store.changesAfter(stateIndex(1), 2);
    expect(page.changes.map((change) => change.key)).toEqual(['a', 'b', 'c', 'd']);
    expect(page.latest).toBe(4);
  });

  it('logs two changes of one key in one transaction once, as the last of them', async () => {
    const store = await stores.open();
    await store.run(async (tx) => {
      tx.stage(upsert('a'));
      tx.stage({ ...upsert('a'), operation: 'delete', contentHash: 'last' });
    });
    const { changes } = await store.changesAfter(stateIndex(1), 10);
    expect(changes.map(({ operation, contentHash }) => [operation, contentHash])).toEqual([['delete', 'last']]);
  });

  it('says whether the trimmed log still reaches back', async () => {
    const store = await stores.open();
    for (const key of ['a', 'b', 'c', 'd']) await put(store, key);
    await store.trimLog(2);
    expect(await store.changesAfter(stateIndex(3), 10)).toMatchObject({ reachesBack: true, latest: 5 });
    expect((await store.changesAfter(stateIndex(3), 10)).changes.map((change) => change.key)).toEqual(['c', 'd']);
    expect(await store.changesAfter(stateIndex(2), 10)).toMatchObject({ reachesBack: false });
    await store.trimLog(0);
    expect(await store.changesAfter(stateIndex(5), 10)).toMatchObject({ reachesBack: true, changes: [] });
    expect(await store.changesAfter(stateIndex(4), 10)).toMatchObject({ reachesBack: false });
    expect(await store.changesAfter(stateIndex(99), 10)).toMatchObject({ reachesBack: false });
  });

  it('starts another epoch when told that it was restored, and every store on it notices', async () => {
    const url = await stores.freshUrl();
    const [one, two] = await Promise.all([stores.open({ url }), stores.open({ url })]);
    const before = one.epoch;
    expect(two.epoch).toBe(before);
    await one.renewEpoch();
    expect(one.epoch).not.toBe(before);
    expect((await two.changesAfter(stateIndex(1), 1)).epoch).toBe(one.epoch);
    expect(two.epoch).toBe(one.epoch);
  });

  it('keeps the epoch it began when a page that was read before comes in late', async () => {
    const store = await stores.open();
    const { dataSource } = store;
    const query = dataSource.query.bind(dataSource);
    const gate = new AbortController();
    const late = once(gate.signal, 'abort');
    const read = new Promise<void>((resolve) => {
      dataSource.query = async (...asked: Parameters<typeof query>) => {
        dataSource.query = query;
        const rows: unknown = await query(...asked);
        resolve();
        await late;
        return rows as never;
      };
    });
    const page = store.changesAfter(stateIndex(1), 1);
    await read;
    await store.renewEpoch();
    const { epoch } = store;
    gate.abort();
    expect((await page).epoch).not.toBe(epoch);
    expect(store.epoch).toBe(epoch);
  });

  it('answers CONFLICT to the loser of a deadlock and of a unique key, not with half a transaction', async () => {
    const store = await stores.open();
    await put(store, 'a', 'b');
    const lock = (first: string, second: string) =>
      store.run(async (tx) => {
        await tx.manager.query('SELECT 1 FROM datacenter WHERE name = $1 FOR UPDATE', [first]);
        await tx.manager.query('SELECT pg_sleep(0.2)');
        await tx.manager.query('SELECT 1 FROM datacenter WHERE name = $1 FOR UPDATE', [second]);
      });
    const results = await Promise.allSettled([lock('a', 'b'), lock('b', 'a')]);
    const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
    expect(failures).toHaveLength(1);
    expect(failures[0]).toBeInstanceOf(BanyanError);
    expect(failures[0]).toMatchObject({ code: 'CONFLICT' });
    const insert = store.run((tx) =>
      tx.manager.query("INSERT INTO lease SELECT 'x', 'h', 1, now() FROM generate_series(1, 2)"),
    );
    await expect(insert).rejects.toMatchObject({ name: 'BanyanError', code: 'CONFLICT' });
  });

  it('refuses a change that is staged after its transaction has ended', async () => {
    const store = await stores.open();
    let late: (() => void) | undefined;
    await store.run(async (tx) => {
      late = () => tx.stage(upsert('a'));
    });
    expect(() => late?.()).toThrow(TypeError);
  });

  it('answers STORE_UNREACHABLE when its connection is cut, and works again with the next one', async () => {
    const store = await stores.open();
    const cut = store.run((tx) => tx.manager.query('SELECT pg_terminate_backend(pg_backend_pid())'));
    await expect(cut).rejects.toMatchObject({ name: 'BanyanError', code: 'STORE_UNREACHABLE' });
    await store.ping();
    expect(await put(store, 'a')).toBe(2);
  });
});
