import { describe, expect, it } from '@jest/globals';
import { csvLine } from './csv.js';
import { exportRows, MOST_EXPORTED } from './export-rows.js';
import type { Numbered, RowSource } from './paged-rows.js';

const counted = (highest: number): RowSource<Numbered> => ({
  isDense: true,
  fetch: (before = highest + 1, limit) => {
    const rows = Array.from({ length: Math.min(limit, before - 1) }, (_, at) => ({ Seq: before - 1 - at }));
    const last = rows.at(-1)?.Seq ?? 1;
    return Promise.resolve({ rows, next: last > 1 ? last : undefined });
  },
});

const order = { columns: ['Seq'], signal: new AbortController().signal, progress: () => undefined } as const;

describe('an export of what was searched for', () => {
  it('writes every page, with progress', async () => {
    const told: number[] = [];
    const { text, count, isCut } = await exportRows({
      ...order,
      source: counted(2_500),
      form: 'jsonl',
      progress: (done) => told.push(done),
    });
    const lines = text.trim().split('\n');
    expect([count, isCut, lines.length, lines[0], lines.at(-1)]).toEqual([
      2_500,
      false,
      2_500,
      '{"Seq":2500}',
      '{"Seq":1}',
    ]);
    expect(told).toEqual([1_000, 2_000, 2_500]);
  });

  it('ends at its bound, and says so', async () => {
    const { count, isCut, text } = await exportRows({ ...order, source: counted(MOST_EXPORTED + 5), form: 'csv' });
    expect([count, isCut, text.split('\r\n').length]).toEqual([MOST_EXPORTED, true, MOST_EXPORTED + 2]);
  });
});

it('a CSV cell is quoted where it must be, and never a formula', () => {
  const row = { A: 'x,"y"', B: '=1+1', C: null, D: ['a'], E: 5, F: '-1', G: 'plain\nnot' };
  expect(csvLine(row, ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'])).toBe(
    `"x,""y""",'=1+1,,"[""a""]",5,'-1,"plain\nnot",\r\n`,
  );
});
