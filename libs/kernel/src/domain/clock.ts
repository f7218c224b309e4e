import type { EpochMs } from './brands.js';

/** The present. Held only by edges; everything below takes time as an argument. */
export abstract class Clock {
  abstract now(): EpochMs;
}

/** A timer that was set; `clear` is idempotent. */
export interface Timer {
  clear(): void;
}

/** Waiting. Separate from {@link Clock} so that a test can decide when a wait ends. */
export abstract class Timers {
  /** Calls `callback` once, `delayMs` from now. Timers never keep a stopping process alive. */
  abstract set(delayMs: number, callback: () => void): Timer;

  /** Resolves after `delayMs`; rejects with the signal's reason as soon as it is aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const timer = this.set(delayMs, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      const onAbort = (): void => {
        timer.clear();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

/** Chance: injected, so that a test can fix it, and drawn once where the result is stored. */
export abstract class Random {
  /** `length` unpredictable bytes. */
  abstract bytes(length: number): Uint8Array;
  /** A number with 0 <= n < 1. */
  abstract fraction(): number;
  /** A version 4 UUID. */
  abstract uuid(): string;
}
