import { BanyanError, type StateIndex, stateIndex } from '@banyan/kernel';
import { withTestStore } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import type { StagedChange, Store, Topic } from '../index.js';

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
});
