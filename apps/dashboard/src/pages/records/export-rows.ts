import { csvHead, csvLine } from './csv.js';
import type { Numbered, RowSource } from './paged-rows.js';

/** The most the API answers at once. */
const EXPORT_PAGE = 1_000;
/** What is written by a page is held in its memory; everything there is comes from the server's own export. */
export const MOST_EXPORTED = 100_000;

export type ExportForm = 'csv' | 'jsonl';

/** What was written. */
export interface ExportedRows {
  readonly text: string;
  readonly count: number;
  /** True when there was more than {@link MOST_EXPORTED}. */
  readonly isCut: boolean;
}

export interface ExportOrder<Row> {
  readonly source: RowSource<Row>;
  readonly form: ExportForm;
  /** Of a CSV file. */
  readonly columns: readonly string[];
  readonly signal: AbortSignal;
  readonly progress: (count: number) => void;
}

/** Writes what was searched for, the newest first. Throws ApiError. */
export async function exportRows<Row extends Numbered>(order: ExportOrder<Row>): Promise<ExportedRows> {
  const { source, form, columns, signal, progress } = order;
  const lineOf = (row: Row): string => (form === 'csv' ? csvLine(row, columns) : `${JSON.stringify(row)}\n`);
  const parts = form === 'csv' ? [csvHead(columns)] : [];
  let count = 0;
  let next: number | undefined;
  do {
    const page = await source.fetch(next, EXPORT_PAGE, signal);
    parts.push(page.rows.map(lineOf).join(''));
    count += page.rows.length;
    next = page.next;
    progress(count);
  } while (next !== undefined && count < MOST_EXPORTED);
  return { text: parts.join(''), count, isCut: next !== undefined };
}
