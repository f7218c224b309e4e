import { BanyanError, messageOf } from './banyan-error.js';
import type { Random, Timers } from './clock.js';

/** Retry delays: `firstMs` doubling up to `capMs`, each with up to a fifth of random extra. */
export interface Backoff {
  readonly firstMs: number;
  readonly capMs: number;
}

/** The wait before try number `failures` (1 for the first retry). Units: ms. */
export const backoffDelayMs = (backoff: Backoff, failures: number, random: Random): number => {
  const base = Math.min(backoff.capMs, backoff.firstMs * 2 ** Math.min(failures - 1, 30));
  return base * (1 + random.fraction() / 5);
};

export interface BackgroundTaskOptions {
  readonly timers: Timers;
  readonly random: Random;
  readonly backoff: Backoff;
  /** Runs once per turn; the number it resolves to is the pause in ms before the next turn. */
  readonly turn: (signal: AbortSignal) => Promise<number>;
  /** Told of every failed turn; the task itself goes on. */
  readonly onFailure: (error: unknown, failures: number) => void;
}

/**
 * A loop with an owner: started once, woken early by `wake`, stopped by `stop`, which resolves when the last turn has
 * ended. A turn that throws is repeated with back-off; nothing is lost silently.
 */
export class BackgroundTask {
  readonly #abort = new AbortController();
  #wake: AbortController = new AbortController();
  #woken = false;
  #running: Promise<void> | undefined;

  constructor(private readonly options: BackgroundTaskOptions) {}

  start(): void {
    this.#running ??= this.#run();
  }

  /** Ends the current pause; during a turn, the next turn follows at once. */
  wake(): void {
    this.#woken = true;
    this.#wake.abort();
  }

  async stop(): Promise<void> {
    this.#abort.abort(new BanyanError('ABORTED', 'the task was stopped'));
    this.#wake.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    let failures = 0;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      this.#woken = false;
      this.#wake = new AbortController();
      let pauseMs: number;
      try {
        pauseMs = await this.options.turn(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        failures += 1;
        this.options.onFailure(error, failures);
        pauseMs = backoffDelayMs(this.options.backoff, failures, this.options.random);
      }
      if (!this.#woken && !signal.aborted) await this.#pause(pauseMs);
    }
  }

  async #pause(pauseMs: number): Promise<void> {
    const wake = this.#wake.signal;
    await this.options.timers.sleep(pauseMs, wake).catch((error: unknown) => {
      if (!wake.aborted) throw new BanyanError('INTERNAL', `a pause failed: ${messageOf(error)}`, { cause: error });
    });
  }
}
