import { beforeEach, describe, expect, it } from '@jest/globals';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { BanyanError } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { withTestStore } from '@banyan/testkit';
import { type LedgerReader, type LedgerWriter, StoreLedgerReader } from '../src/index.js';
import { leafOf, secondStore, writerOn } from './issuances.js';

const never = new AbortController().signal;
const stores = withTestStore();

describe('the ledger’s writer, on PostgreSQL', () => {
  let url: string;
  let store: Store;
  let writer: LedgerWriter;
  let reader: LedgerReader;
  beforeEach(async () => {
    url = await stores.freshUrl();
    store = await stores.open({ url });
    writer = writerOn(store);
    reader = new StoreLedgerReader(store, 'dc1');
  });

  const count = async (): Promise<number> =>
    Number((await store.dataSource.query('SELECT count(*) FROM issuance'))[0].count);
  const statement = (text: string, by = store): Promise<unknown> => by.dataSource.query(text);

  it('has stored an entry when it says so, with everything in it, and no index or watcher notices', async () => {
    const index = await store.currentIndex();
    const issuance = leafOf({ accessorId: 'acc-1', node: 'n7' });
    await writer.record(issuance);
    const [entry] = await reader.search({ limit: 10 });
    expect(entry).toMatchObject({ seq: 1, server: 'server-1', issuance });
    expect(await store.currentIndex()).toBe(index);
    expect(await reader.verify(never)).toMatchObject({ valid: true, entries: 1, head: { seq: 1, hash: entry!.hash } });
  });

  it('writes what comes at once in few batches, in the order in which it came', async () => {
    const issuances = Array.from({ length: 1_200 }, (_, n) => leafOf({ subject: `s${n}` }));
    await Promise.all(issuances.map((issuance) => writer.record(issuance)));
    expect(writer.counts).toMatchObject({ entries: 1_200, failed: 0, largestBatch: 500 });
    expect(writer.counts.batches).toBeLessThanOrEqual(4);
    const entries = await reader.search({ limit: 1_000 });
    expect(entries.map(({ issuance }) => issuance.subject)).toEqual(
      issuances
        .slice(200)
        .map(({ subject }) => subject)
        .toReversed(),
    );
    expect(await reader.verify(never)).toMatchObject({ valid: true, entries: 1_200 });
  });

  it('goes on for callers who come back as soon as they are answered', async () => {
    const caller = async (): Promise<void> => {
      for (let n = 0; n < 40; n += 1) await writer.record(leafOf());
    };
    await Promise.all(Array.from({ length: 25 }, caller));
    expect(await count()).toBe(1_000);
    expect(writer.counts.batches).toBeLessThan(500);
    expect(await reader.verify(never)).toMatchObject({ valid: true, entries: 1_000 });
  });

  it('is one chain for two servers that write at the same time, without a gap or a fork', async () => {
    const other = await secondStore(url);
    try {
      const second = writerOn(other, 'server-2');
      const loads = [writer, second].flatMap((each) =>
        Array.from({ length: 10 }, async () => {
          for (let n = 0; n < 50; n += 1) await each.record(leafOf());
        }),
      );
      await Promise.all(loads);
      const proof = await reader.verify(never);
      expect(proof).toMatchObject({ valid: true, entries: 1_000, head: { seq: 1_000 } });
      const byServer = await store.dataSource.query(
        'SELECT server, count(*)::int AS entries FROM issuance GROUP BY server ORDER BY server',
      );
      expect(byServer).toEqual([
        { server: 'server-1', entries: 500 },
        { server: 'server-2', entries: 500 },
      ]);
    } finally {
      await other.close();
    }
  });

  it('stores all of a batch or nothing when the connection breaks within it, and tells everybody in it', async () => {
    await writer.record(leafOf());
    const holder = store.dataSource.createQueryRunner();
    await holder.startTransaction();
    await holder.query('SELECT 1 FROM issuance_head FOR UPDATE');
    const outcomes = Promise.allSettled(Array.from({ length: 20 }, () => writer.record(leafOf())));
    const waits = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    let waiting: { pid: number }[] = [];
    while (waiting.length === 0) waiting = await store.dataSource.query(waits);
    const late = writer.record(leafOf());
    late.catch(() => undefined);
    await statement(`SELECT pg_terminate_backend(${waiting[0]!.pid})`);
    const reasons = (await outcomes).map((outcome) => (outcome.status === 'rejected' ? outcome.reason : undefined));
    for (const reason of reasons) {
      expect(reason).toBeInstanceOf(BanyanError);
      expect(reason).toMatchObject({ code: 'STORE_UNREACHABLE' });
    }
    await expect(late).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    await holder.commitTransaction();
    await holder.release();
    expect([await count(), writer.counts.failed]).toEqual([1, 21]);
    await writer.record(leafOf());
    expect(await reader.verify(never)).toMatchObject({ valid: true, entries: 2 });
  });

  it('refuses by name when the database is away, and records again once it is back', async () => {
    await writer.record(leafOf());
    const socket = join(decodeURIComponent(/host=([^&]+)/.exec(url)![1]!), '.s.PGSQL.5432');
    renameSync(socket, `${socket}.away`);
    try {
      await statement(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()',
      ).catch(() => undefined);
      const refused = writer.record(leafOf());
      await expect(refused).rejects.toBeInstanceOf(BanyanError);
      await expect(refused).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    } finally {
      renameSync(`${socket}.away`, socket);
    }
    await writer.record(leafOf());
    expect(await reader.verify(never)).toMatchObject({ valid: true, entries: 2 });
  });

  it('never continues a chain whose head was set back by hand', async () => {
    for (let n = 0; n < 3; n += 1) await writer.record(leafOf());
    await statement('UPDATE issuance_head SET seq = 2, hash = (SELECT hash FROM issuance WHERE seq = 2)');
    const refused = writer.record(leafOf());
    await expect(refused).rejects.toBeInstanceOf(BanyanError);
    await expect(refused).rejects.toMatchObject({ code: 'LEDGER_BROKEN' });
    expect(await count()).toBe(3);
  });

  it('finishes what it has begun when it is stopped, and refuses the rest', async () => {
    const begun = Array.from({ length: 500 }, () => writer.record(leafOf()));
    const rest = writer.record(leafOf());
    rest.catch(() => undefined);
    const stopped = writer.stop();
    await expect(rest).rejects.toMatchObject({ code: 'ABORTED' });
    await stopped;
    await Promise.all(begun);
    await expect(writer.record(leafOf())).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await count()).toBe(500);
  });
});
