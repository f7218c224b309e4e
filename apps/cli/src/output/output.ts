import { stringify } from 'yaml';
import type { OutputFormat } from '../session/global-options.js';
import type { TextStream } from '../session/surroundings.js';
import type { Paint } from './paint.js';

/** How a value looks to a person; ends with a line break. */
export type View<T> = (value: T, paint: Paint) => string;

/** Writes results to standard output in the wanted form, and everything else to standard error. */
export class Output {
  constructor(
    private readonly into: {
      readonly format: OutputFormat;
      readonly output: TextStream;
      readonly errors: TextStream;
      readonly paint: Paint;
    },
  ) {}

  get paint(): Paint {
    return this.into.paint;
  }

  /** Whether a person reads the result, and not a program. */
  get isForPeople(): boolean {
    return this.into.format === 'table';
  }

  get isOnTerminal(): boolean {
    return this.into.output.isTTY === true;
  }

  /** Where results go, to draw on. */
  get screen(): TextStream {
    return this.into.output;
  }

  get errors(): TextStream {
    return this.into.errors;
  }

  /** The text of `value` in the wanted form. */
  textOf<T>(value: T, view: View<T>): string {
    const written: Readonly<Record<OutputFormat, () => string>> = {
      json: () => `${JSON.stringify(value, null, 2)}\n`,
      yaml: () => stringify(value),
      table: () => view(value, this.into.paint),
    };
    return written[this.into.format]();
  }

  /** Writes a result: JSON and YAML hold the value as it is, a table what `view` makes of it. */
  show<T>(value: T, view: View<T>): void {
    this.into.output.write(this.textOf(value, view));
  }

  /** Writes text to standard output as it is (PEM, exports). */
  write(text: string): void {
    this.into.output.write(text);
  }

  /** A line for a person beside the result, on standard error. */
  note(text: string): void {
    this.into.errors.write(`${text}\n`);
  }
}
