import { Presets, SingleBar } from 'cli-progress';
import type { TextStream } from '../session/surroundings.js';
import { plainText } from './plain-text.js';

const BAR_COLUMNS = 24;

/** How far something is. */
export interface ProgressStep {
  /** From 0 to 1. */
  readonly share: number;
  readonly text: string;
}

/** A bar on a terminal; elsewhere a plain line for every step whose text is another one. */
export class Progress {
  #bar: SingleBar | undefined;
  #text = '';

  constructor(
    private readonly stream: TextStream,
    private readonly title: string,
  ) {}

  update({ share, text }: ProgressStep): void {
    const line = plainText(text);
    if (this.stream.isTTY !== true) {
      if (line !== this.#text) this.stream.write(`${this.title}: ${line}\n`);
      this.#text = line;
      return;
    }
    const value = Math.round(Math.min(1, Math.max(0, share)) * 100);
    if (this.#bar === undefined) {
      this.#bar = new SingleBar(
        {
          stream: this.stream,
          format: '{title} [{bar}] {percentage}% {duration_formatted}  {text}',
          barsize: BAR_COLUMNS,
          hideCursor: true,
          linewrap: false,
          gracefulExit: false,
        },
        Presets.shades_classic,
      );
      this.#bar.start(100, value, { title: this.title, text: line });
    } else {
      this.#bar.update(value, { text: line });
    }
  }

  /** Leaves the last state on the screen; without a step before it does nothing. */
  stop(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}
