import { expect } from '@jest/globals';
import { SystemClock, SystemRandom, SystemTimers, type Timer, Timers } from '@banyan/kernel';
import { RecordingLogger } from '@banyan/testkit';

/** Surroundings on the machine's own time, with a log that a test can read. */
export const surroundings = () => ({
  clock: new SystemClock(),
  timers: new SystemTimers(),
  random: new SystemRandom(),
  logger: new RecordingLogger(),
});

/** A signal that nobody aborts. */
export const calm = (): AbortSignal => new AbortController().signal;

/** Waits a fiftieth of what it is told: for what is polled. */
export class QuickTimers extends Timers {
  readonly #timers = new SystemTimers();

  override set(delayMs: number, callback: () => void): Timer {
    return this.#timers.set(delayMs / 50, callback);
  }
}

/** Matches a text that holds another. */
export const holding = (text: string): unknown => expect.stringContaining(text);
