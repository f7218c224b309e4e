import { stripVTControlCharacters } from 'node:util';
import type { TextStream } from '../session/surroundings.js';

const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

const rowsOf = (line: string, columns: number): number =>
  Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns));

/** The first lines of `text` that fit the screen, with what is left out counted. */
const fitted = (text: string, columns: number, rows: number): string[] => {
  const lines = text.replace(/\n$/, '').split('\n');
  const shown: string[] = [];
  let used = 0;
  for (const [position, line] of lines.entries()) {
    const next = used + rowsOf(line, columns);
    const isLast = position === lines.length - 1;
    if (next > rows - (isLast ? 1 : 2)) return [...shown, `… ${lines.length - position} more lines`];
    shown.push(line);
    used = next;
  }
  return shown;
};

/** A text that stands in place and is drawn anew when it changes; elsewhere than on a terminal, every change is written. */
export class LiveView {
  #drawnRows = 0;
  #last = '';

  constructor(private readonly stream: TextStream) {}

  draw(text: string): void {
    if (text === this.#last) return;
    this.#last = text;
    if (this.stream.isTTY !== true) {
      this.stream.write(text);
      return;
    }
    const columns = this.stream.columns ?? DEFAULT_COLUMNS;
    const lines = fitted(text, columns, this.stream.rows ?? DEFAULT_ROWS);
    const up = this.#drawnRows === 0 ? '' : `\u001B[${this.#drawnRows}A\r`;
    this.stream.write(`${up}\u001B[0J${lines.join('\n')}\n`);
    this.#drawnRows = lines.reduce((sum, line) => sum + rowsOf(line, columns), 0);
  }
}
