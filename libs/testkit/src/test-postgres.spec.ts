import { SilentLogger, stateIndex, SystemRandom, SystemTimers } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { ChangeFollower } from '@banyan/watch';
import { describe, expect, it } from '@jest/globals';
import { withTestStore } from './test-postgres.js';

const stores = withTestStore();

/** Node addresses in memory, as a room keeps them. */
const follow = (store: Store, pollMs: number) => {
  const addresses = new Map<string, string>();
  const follower = new ChangeFollower({
    log: store,
    timers: new SystemTimers(),
    random: new SystemRandom(),
    logger: new SilentLogger(),
    pollMs,
  });
  const read = async (names?: readonly string[]): Promise<void> => {
    const rows = await store.dataSource.query<{ name: string; address: string }[]>(
      'SELECT name, address FROM node WHERE $1::text[] IS NULL OR name = ANY ($1)',
      [names ?? null],
    );
    for (const row of rows) addresses.set(row.name, row.address);
  };
  follower.register({
    topics: ['node'],
    load: () => read(),
    apply: (changes) => read(changes.map((change) => change.key)),
  });
  return { follower, addresses };
};

const put = async (store: Store, name: string, address: string) => {
  const { index } = await store.run(async (tx) =>
    tx.stage({
      topic: 'node',
      key: name,
      operation: 'upsert',
      contentHash: address,
      write: async (manager, at) => {
        await manager.query(
          `INSERT INTO node VALUES ($1, gen_random_uuid(), $2, '{}', now(), 'h', $3, $3)
           ON CONFLICT (name) DO UPDATE SET address = $2, modify_index = $3`,
          [name, address, at],
        );
      },
    }),
  );
  return index;
};

describe('ChangeFollower on a Store', () => {
  it('follows the writes of another server on the same database, by hints alone', async () => {
    const url = await stores.freshUrl();
    const [reader, writer] = await Promise.all([stores.open({ url }), stores.open({ url })]);
    await put(writer, 'before', '10.0.0.1');
    const { follower, addresses } = follow(reader, 60_000);
    await follower.start();
    const woken = follower.changed(['node'], follower.topicIndex(['node']), 20_000);
    const index = await put(writer, 'after', '10.0.0.2');
    await woken;
    expect(follower.topicIndex(['node'])).toBe(index);
    expect([...addresses]).toEqual([
      ['before', '10.0.0.1'],
      ['after', '10.0.0.2'],
    ]);
    await follower.stop();
  });

  it('has what it wrote once it reached the index, under many writers, and survives losing its listener', async () => {
    const url = await stores.freshUrl();
    const [reader, writer] = await Promise.all([stores.open({ url }), stores.open({ url })]);
    const { follower, addresses } = follow(reader, 50);
    await follower.start();
    const write = async (name: string): Promise<void> => {
      for (let i = 0; i < 20; i += 1) {
        const index = await put(writer, name, `10.0.0.${i}`);
        await follower.reached(index, { limitMs: 10_000 });
        expect(addresses.get(name)).toBe(`10.0.0.${i}`);
        if (i === 10)
          await writer.dataSource.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'banyan-listener'",
          );
      }
    };
    await Promise.all(['a', 'b', 'c'].map(write));
    expect(follower.latest).toBe(61);
    await follower.stop();
  });

  it('loads everything again after a restore that was announced by a renewed epoch', async () => {
    const store = await stores.open();
    const { follower, addresses } = follow(store, 20);
    await follower.start();
    const reloaded = new Promise<boolean>((resolve) => {
      follower.onBatch((_changes, _latest, wasReload) => resolve(wasReload));
    });
    await store.dataSource.query(
      "INSERT INTO node VALUES ('restored', gen_random_uuid(), '10.0.0.9', '{}', now(), 'h', 1, 1)",
    );
    await store.renewEpoch();
    expect(await reloaded).toBe(true);
    expect([...addresses]).toEqual([['restored', '10.0.0.9']]);
    expect(follower.latest).toBe(stateIndex(1));
    await follower.stop();
  });
});
