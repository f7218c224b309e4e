import { stateIndex } from '@banyan/kernel';
import { withTestStore } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import type { Store } from './store.js';

const stores = withTestStore();

/** Counts hints and lets a test wait for one more. */
const hints = () => {
  let count = 0;
  let waiting: (() => void)[] = [];
  return {
    onHint: (): void => {
      count += 1;
      for (const resolve of waiting.splice(0)) resolve();
    },
    count: () => count,
    next: (): Promise<void> => new Promise((resolve) => waiting.push(resolve)),
    reset: (): void => {
      waiting = [];
    },
  };
};

const commit = (store: Store, key: string) =>
  store.run(async (tx) =>
    tx.stage({ topic: 'node', key, operation: 'upsert', contentHash: 'h', write: async () => undefined }),
  );

const listenerPid = async (store: Store): Promise<number[]> => {
  const rows = await store.dataSource.query<{ pid: number }[]>(
    "SELECT pid FROM pg_stat_activity WHERE application_name = 'banyan-listener' AND datname = current_database()",
  );
  return rows.map((row) => row.pid);
};

describe('Store.listen', () => {
  it('hints at commits of every store on the database, not at rollbacks', async () => {
    const url = await stores.freshUrl();
    const [reader, writer] = await Promise.all([stores.open({ url }), stores.open({ url })]);
    const heard = hints();
    const listening = await reader.listen(heard.onHint);
    await expect(
      writer.run(async (tx) => {
        tx.stage({
          topic: 'node',
          key: 'x',
          operation: 'upsert',
          contentHash: 'h',
          write: () => Promise.reject(new Error('no')),
        });
      }),
    ).rejects.toThrow('no');
    const next = heard.next();
    await commit(writer, 'a');
    await next;
    expect(heard.count()).toBe(1);
    expect((await reader.changesAfter(stateIndex(1), 10)).changes.map((change) => change.key)).toEqual(['a']);
    await listening.close();
    expect(await listenerPid(reader)).toEqual([]);
  });

  it('listens again after its connection was killed, and hints because commits may have been missed', async () => {
    const store = await stores.open();
    const heard = hints();
    const listening = await store.listen(heard.onHint);
    const [pid] = await listenerPid(store);
    expect(pid).toBeDefined();
    const reconnected = heard.next();
    await store.dataSource.query('SELECT pg_terminate_backend($1)', [pid]);
    await reconnected;
    expect(await listenerPid(store)).not.toContain(pid);
    const next = heard.next();
    await commit(store, 'a');
    await next;
    await listening.close();
  });

  it('starts without the database, and closes while it is still away', async () => {
    const store = await stores.open();
    const admin = await stores.open();
    const name = (await store.dataSource.query<{ name: string }[]>('SELECT current_database() AS name'))[0]?.name;
    await admin.dataSource.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    const listening = await store.listen(() => undefined);
    expect(await listenerPid(store)).toEqual([]);
    await listening.close();
  });
});
