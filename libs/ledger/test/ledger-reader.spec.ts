import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { epochMs, HOUR } from '@banyan/kernel';
import type { Fence, Store } from '@banyan/store';
import { type HeldLease, holdLease, withTestStore } from '@banyan/testkit';
import { LedgerRetention, type LedgerEntry, type LedgerWriter, StoreLedgerReader } from '../src/index.js';
import { leafOf, R1, R2, START, writerOn } from './issuances.js';

const never = new AbortController().signal;
const DAY = 24 * HOUR;
const later = (days: number) => epochMs(START + days * DAY);
const stores = withTestStore();

let store: Store;
let writer: LedgerWriter;
let reader: StoreLedgerReader;
beforeEach(async () => {
  store = await stores.open();
  writer = writerOn(store);
  reader = new StoreLedgerReader(store, 'dc1');
});
const statement = (text: string): Promise<unknown> => store.dataSource.query(text);
const recordAll = (issuances: readonly Parameters<typeof writer.record>[0][]): Promise<unknown> =>
  Promise.all(issuances.map((issuance) => writer.record(issuance)));
const exported = async (after = 0): Promise<LedgerEntry[]> => {
  const entries: LedgerEntry[] = [];
  for await (const page of reader.export(after, never)) entries.push(...page);
  return entries;
};
const seqs = (entries: readonly LedgerEntry[]): number[] => entries.map(({ seq }) => seq);

describe('a search in the ledger', () => {
  it('finds by service, serial, issuer, node and time, the newest first, and goes on by number', async () => {
    const web = Array.from({ length: 5 }, (_, n) => leafOf({ issuedAt: epochMs(START + n * HOUR) }));
    const api = leafOf({ subject: 'api', issuerKeyId: 'bb:02', node: 'n2', issuedAt: epochMs(START + 9 * HOUR) });
    const agent = leafOf({ kind: 'agent', subject: 'web', node: 'web', issuedAt: epochMs(START + 10 * HOUR) });
    await recordAll([...web, api, agent]);
    expect(seqs(await reader.search({ service: 'web', limit: 10 }))).toEqual([5, 4, 3, 2, 1]);
    expect(seqs(await reader.search({ service: 'web', limit: 2 }))).toEqual([5, 4]);
    expect(seqs(await reader.search({ service: 'web', limit: 2, before: 4 }))).toEqual([3, 2]);
    expect(seqs(await reader.search({ serialHex: web[2]!.serialHex, limit: 10 }))).toEqual([3]);
    expect(seqs(await reader.search({ issuerKeyId: 'bb:02', limit: 10 }))).toEqual([6]);
    expect(seqs(await reader.search({ node: 'n2', limit: 10 }))).toEqual([6]);
    const window = { since: epochMs(START + HOUR), until: epochMs(START + 3 * HOUR) };
    expect(seqs(await reader.search({ ...window, limit: 10 }))).toEqual([3, 2]);
    expect(await reader.search({ service: 'web', node: 'n2', limit: 10 })).toEqual([]);
  });
});

describe('live leaves by the ledger', () => {
  const at = epochMs(START + DAY);
  it('count each holder once, by the root above its newest leaf, and nobody whose leaf has ended', async () => {
    await recordAll([
      leafOf(),
      leafOf({ rootId: R2, issuedAt: epochMs(START + HOUR) }),
      leafOf({ node: 'n2' }),
      leafOf({ accessorId: 'bbbb' }),
      leafOf({ subject: 'api', rootId: R2 }),
      leafOf({ subject: 'gone', notAfter: at }),
      leafOf({ kind: 'agent', subject: 'n1' }),
    ]);
    expect(await reader.live(at)).toEqual({ [R1]: 2, [R2]: 2 });
    expect(await reader.live(at, 'key')).toEqual({ 'aa:01': 4 });
    expect(await reader.live(epochMs(START + 4 * DAY))).toEqual({});
    const elsewhere = await reader.holdersElsewhere(R2, at, 10);
    expect(
      elsewhere.map(({ uri, node, accessorId, rootId }) => [uri.split('/').at(-1), node, accessorId, rootId]),
    ).toEqual([
      ['web', 'n1', 'bbbb', R1],
      ['web', 'n2', 'aaaa', R1],
    ]);
    expect(await reader.holdersElsewhere(R2, at, 1)).toHaveLength(1);
  });

  it('are counted and found among 100,000 entries of 10,000 holders', async () => {
    await writer.record(leafOf());
    // Rows as the writer makes them, hashes aside: ten leaves of each holder, the newest two of them alive.
    await statement(`
      INSERT INTO issuance (seq, kind, serial, uri, subject, issuer_key_id, root_id, accessor_id, node, reason, not_before,
                            not_after, issued_at, server, prev_hash, hash)
      SELECT n, kind, 'x' || n, 'spiffe://td.consul/ns/default/dc/dc1/svc/s' || n % 10000, 's' || n % 10000, issuer_key_id,
             root_id, accessor_id, 'n' || n % 50, reason, not_before,
             not_after - (9 - n / 10000) * interval '36 hours', issued_at, server, prev_hash, hash
        FROM issuance, generate_series(10000, 109999) AS n WHERE seq = 1`);
    await statement('ANALYZE issuance');
    const now = epochMs(START + 70 * HOUR);
    expect(await reader.live(now)).toEqual({ [R1]: 10_001 });
    expect(await reader.holdersElsewhere(R2, now, 100)).toHaveLength(100);
    expect(seqs(await reader.search({ service: 's77', limit: 3 }))).toEqual([100_077, 90_077, 80_077]);
  });
});

describe('the export', () => {
  it('gives everything in order over pages, and what comes after a number', async () => {
    await recordAll(Array.from({ length: 2_300 }, () => leafOf()));
    expect(seqs(await exported())).toEqual(Array.from({ length: 2_300 }, (_, n) => n + 1));
    expect(seqs(await exported(2_298))).toEqual([2_299, 2_300]);
    expect(await exported(2_300)).toEqual([]);
  });

  it('ends when whoever reads it is gone', async () => {
    await writer.record(leafOf());
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(reader.export(0, gone)[Symbol.asyncIterator]().next()).rejects.toThrow('gone');
  });
});

describe('a proof of the ledger', () => {
  const changes: readonly (readonly [string, string, object])[] = [
    ['a changed value', `UPDATE issuance SET subject = 'other' WHERE seq = 3`, { seq: 3, kind: 'changed' }],
    ['a removed entry', 'DELETE FROM issuance WHERE seq = 3', { seq: 3, kind: 'missing' }],
    ['a removed last entry', 'DELETE FROM issuance WHERE seq = 5', { seq: 5, kind: 'end' }],
    ['a removed beginning', 'DELETE FROM issuance WHERE seq <= 2', { seq: 1, kind: 'missing' }],
    [
      'two entries in each other’s place',
      `UPDATE issuance SET seq = -seq + 1000 WHERE seq IN (2, 3);
       UPDATE issuance SET seq = CASE seq WHEN 998 THEN 3 ELSE 2 END WHERE seq > 900`,
      { seq: 2, kind: 'changed' },
    ],
  ];
  it.each(changes)('names %s', async (_what, change, firstBreak) => {
    await recordAll(Array.from({ length: 5 }, () => leafOf()));
    expect(await reader.verify(never)).toMatchObject({ valid: true, entries: 5 });
    await statement(change);
    expect(await reader.verify(never)).toMatchObject({ valid: false, firstBreak });
  });

  it('holds for an empty ledger', async () => {
    expect(await reader.verify(never)).toMatchObject({ valid: true, entries: 0, head: { seq: 0 } });
  });

  it('holds while entries are added and taken away', async () => {
    await recordAll(Array.from({ length: 3_000 }, () => leafOf()));
    const lease = await holdLease(store);
    const retention = new LedgerRetention({ datacenter: 'dc1', store, keepMs: DAY });
    const [proof] = await Promise.all([
      reader.verify(never),
      retention.trim(epochMs(START + 10 * DAY), lease.fence),
      recordAll(Array.from({ length: 1_000 }, () => leafOf({ issuedAt: epochMs(START + 10 * DAY) }))),
    ]);
    expect(proof).toMatchObject({ valid: true });
    expect(await reader.verify(never)).toMatchObject({ valid: true, head: { seq: 4_000 } });
    await lease.release();
  });
});

describe('the retention of the ledger', () => {
  let lease: HeldLease;
  let fence: Fence;
  let retention: LedgerRetention;
  beforeEach(async () => {
    lease = await holdLease(store);
    ({ fence } = lease);
    retention = new LedgerRetention({ datacenter: 'dc1', store, keepMs: 90 * DAY });
  });
  afterEach(() => lease.release());

  it('takes the oldest away, and the rest is still proved, from the checkpoint and from what was noted before', async () => {
    await recordAll(Array.from({ length: 4_500 }, () => leafOf()));
    await recordAll(Array.from({ length: 10 }, () => leafOf({ issuedAt: later(50) })));
    const [noted] = await reader.search({ limit: 1 });
    expect(await retention.trim(later(80), fence)).toBe(0);
    expect(await retention.trim(later(100), fence)).toBe(4_500);
    const proof = await reader.verify(never, { seq: noted!.seq, hash: noted!.hash });
    expect(proof).toMatchObject({ valid: true, entries: 10, checkpoint: { seq: 4_500 } });
    await writer.record(leafOf({ issuedAt: later(100) }));
    expect(await reader.verify(never)).toMatchObject({ valid: true, entries: 11 });
    await statement('DELETE FROM issuance WHERE seq = 4501');
    expect(await reader.verify(never)).toMatchObject({ valid: false, firstBreak: { seq: 4_501, kind: 'missing' } });
  });

  it('keeps the entry of a leaf that lives, however short the retention, but not that of an intermediate', async () => {
    await recordAll([
      leafOf({ kind: 'intermediate', notAfter: later(365) }),
      leafOf({ notAfter: later(200) }),
      leafOf(),
    ]);
    expect(await retention.trim(later(150), fence)).toBe(1);
    expect(seqs(await exported())).toEqual([2, 3]);
    expect(await retention.trim(later(201), fence)).toBe(2);
    expect(await reader.verify(never)).toMatchObject({ valid: true, entries: 0, checkpoint: { seq: 3 } });
    await writer.record(leafOf({ issuedAt: later(201) }));
    expect(await reader.verify(never)).toMatchObject({ valid: true, entries: 1, head: { seq: 4 } });
  });

  it('takes nothing away that is not what was written, so that damage does not vanish by age', async () => {
    await recordAll(Array.from({ length: 5 }, () => leafOf()));
    await statement(`UPDATE issuance SET uri = 'spiffe://forged' WHERE seq = 4`);
    await expect(retention.trim(later(100), fence)).rejects.toMatchObject({
      name: 'BanyanError',
      code: 'LEDGER_BROKEN',
      fields: { seq: 4 },
    });
    expect(await exported()).toHaveLength(5);
  });

  it('is done by the holder of the lease only', async () => {
    await writer.record(leafOf());
    await expect(retention.trim(later(100), { ...fence, fencing: fence.fencing + 1 })).rejects.toMatchObject({
      code: 'LEASE_LOST',
    });
    expect(await exported()).toHaveLength(1);
  });
});
