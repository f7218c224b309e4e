import Table from 'cli-table3';
import { plainText } from './plain-text.js';
import type { Paint, Tone } from './paint.js';

/** One column of a table: its title, what a row shows in it, and how that is meant. */
export interface Column<Row> {
  readonly title: string;
  /** Undefined and '' show as `-`. */
  readonly value: (row: Row) => string | number | boolean | undefined | null;
  readonly tone?: (row: Row) => Tone;
  readonly align?: 'left' | 'right';
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

const textOf = (value: string | number | boolean | undefined | null): string =>
  value === undefined || value === null || value === '' ? '-' : plainText(String(value));

/** Rows below titles, without lines around them, no space at the ends of lines; ends with a line break. */
export const table = <Row>(columns: readonly Column<Row>[], rows: readonly Row[], paint: Paint): string => {
  const drawn = new Table({
    head: columns.map(({ title }) => paint('quiet', title)),
    chars: NO_LINES,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
    colAligns: columns.map(({ align }) => align ?? 'left'),
  });
  for (const row of rows) {
    drawn.push(columns.map(({ value, tone }) => paint(tone?.(row) ?? 'plain', textOf(value(row)))));
  }
  return `${drawn
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')}\n`;
};

/** One fact of {@link facts}. */
export type Fact = readonly [name: string, value: string | number | boolean | undefined | null, tone?: Tone];

/** Names and values below each other, aligned; for one thing instead of many. */
export const facts = (lines: readonly Fact[], paint: Paint): string => {
  const width = Math.max(0, ...lines.map(([name]) => name.length));
  return lines
    .map(([name, value, tone]) => `${paint('quiet', name.padEnd(width))}  ${paint(tone ?? 'plain', textOf(value))}\n`)
    .join('');
};
