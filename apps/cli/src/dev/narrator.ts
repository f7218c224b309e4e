import pc from 'picocolors';

/** Tells the person at the terminal what happens, step by step. */
export class Narrator {
  readonly #startedMs: number;

  constructor(
    private readonly write: (text: string) => void,
    private readonly nowMs: () => number,
  ) {
    this.#startedMs = nowMs();
  }

  /** A step that begins. */
  step(text: string): void {
    this.write(`${pc.dim(`[${this.elapsed().padStart(6)}]`)} ${pc.bold(text)}\n`);
  }

  /** What a step showed. */
  learned(text: string): void {
    this.write(`${' '.repeat(9)}${text}\n`);
  }

  warning(text: string): void {
    this.write(`${' '.repeat(9)}${pc.yellow(text)}\n`);
  }

  failure(text: string): void {
    this.write(`\n${pc.red('✗')} ${text}\n`);
  }

  /** Lines as they are. */
  text(text: string): void {
    this.write(`${text}\n`);
  }

  /** Seconds since the start, with one decimal. */
  elapsed(): string {
    return `${((this.nowMs() - this.#startedMs) / 1_000).toFixed(1)}s`;
  }
}
