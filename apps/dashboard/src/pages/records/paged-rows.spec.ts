import { describe, expect, it } from '@jest/globals';
import { KEPT_PAGES, type Numbered, PAGE_ROWS, PagedRows, type RowSource } from './paged-rows.js';

/** Numbers `lowest` to `highest` that pass, as a server answers them. */
const sourceOf = (lowest: number, highest: number, isDense = true, passes = (_seq: number) => true) => {
  const asked: (number | undefined)[] = [];
  const source: RowSource<Numbered> = {
    isDense,
    fetch: async (before, limit) => {
      asked.push(before);
      await Promise.resolve();
      const rows: Numbered[] = [];
      for (let Seq = Math.min(highest, (before ?? Infinity) - 1); Seq >= lowest && rows.length < limit; Seq -= 1)
        if (passes(Seq)) rows.push({ Seq });
      return { rows, next: rows.length === limit ? rows.at(-1)!.Seq : undefined };
    },
  };
  return { asked, source };
};

const never = new AbortController().signal;
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

describe('a list without gaps', () => {
  it('is entered at its end without reading what is before', async () => {
    const { asked, source } = sourceOf(1, 100_000);
    const rows = new PagedRows(source, () => undefined);
    await rows.open(never);
    expect([rows.count, rows.isWhole, rows.head]).toEqual([100_000, true, 100_000]);
    expect(rows.rowAt(99_999)).toBeUndefined();
    rows.want(99_980, 99_999);
    await settled();
    expect(rows.rowAt(99_999)).toEqual({ Seq: 1 });
    expect(asked.length).toBe(3);
  });

  it('ends where retention cut it', async () => {
    const { asked, source } = sourceOf(777_778, 1_000_000);
    const rows = new PagedRows(source, () => undefined);
    await rows.open(never);
    expect(rows.count).toBe(1_000_000 - 777_777);
    expect(asked.length).toBeLessThan(25);
  });

  it('keeps a bounded number of pages, the first one always', async () => {
    const rows = new PagedRows(sourceOf(1, 100_000).source, () => undefined);
    await rows.open(never);
    for (let at = 0; at < 100_000; at += PAGE_ROWS) {
      rows.want(at, at + 30);
      await settled();
      expect(rows.rowAt(at)).toEqual({ Seq: 100_000 - at });
    }
    expect(rows.kept).toBeLessThanOrEqual(KEPT_PAGES + 1);
    expect(rows.rowAt(0)).toEqual({ Seq: 100_000 });
    expect(rows.rowAt(PAGE_ROWS)).toBeUndefined();
  });

  it('gives up pages that went out of view before they came', async () => {
    const signals: AbortSignal[] = [];
    const { source } = sourceOf(1, 10_000);
    const rows = new PagedRows<Numbered>(
      { ...source, fetch: (before, limit, signal) => (signals.push(signal), source.fetch(before, limit, signal)) },
      () => undefined,
    );
    await rows.open(never);
    signals.length = 0;
    rows.want(2_000, 2_010);
    rows.want(8_000, 8_010);
    await settled();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect([rows.rowAt(2_000), rows.rowAt(8_000)]).toEqual([undefined, { Seq: 2_000 }]);
  });
});

describe('a list with gaps', () => {
  it('grows at its end until it is whole', async () => {
    const rows = new PagedRows(sourceOf(1, 3_000, false, (seq) => seq % 3 === 0).source, () => undefined);
    await rows.open(never);
    expect([rows.count, rows.isWhole]).toEqual([PAGE_ROWS, false]);
    for (let turn = 0; turn < 10 && !rows.isWhole; turn += 1) {
      rows.want(rows.count - 20, rows.count - 1);
      await settled();
    }
    expect([rows.count, rows.isWhole]).toEqual([1_000, true]);
    expect(rows.rowAt(999)).toEqual({ Seq: 3 });
  });

  it('of one page or none is whole at once', async () => {
    const few = new PagedRows(sourceOf(1, 5, false).source, () => undefined);
    const none = new PagedRows(sourceOf(1, 0, false).source, () => undefined);
    await few.open(never);
    await none.open(never);
    expect([few.count, few.isWhole, none.count, none.isWhole, none.head]).toEqual([5, true, 0, true, 0]);
  });
});

it('a failure is told, and a retry asks again', async () => {
  const { source } = sourceOf(1, 1_000);
  let isBroken = false;
  let changes = 0;
  const rows = new PagedRows<Numbered>(
    {
      ...source,
      fetch: (before, limit, signal) =>
        isBroken ? Promise.reject(new Error('cut')) : source.fetch(before, limit, signal),
    },
    () => (changes += 1),
  );
  await rows.open(never);
  isBroken = true;
  rows.want(500, 510);
  await settled();
  expect([rows.error?.kind, rows.rowAt(500)]).toEqual(['unreachable', undefined]);
  isBroken = false;
  rows.retry();
  await settled();
  expect([rows.error, rows.rowAt(500)]).toEqual([undefined, { Seq: 500 }]);
  expect(changes).toBeGreaterThan(2);
});
