import { BanyanError, type Timers } from '@banyan/kernel';
import type { Waiters } from './waiters.js';

/** One wait: its condition, its limit, and who may end it. */
export interface Wait {
  readonly isDue: () => boolean;
  readonly limitMs: number;
  /** Signals that end the wait with `ABORTED`: the caller's, and the owner's. */
  readonly signals: readonly AbortSignal[];
}

/** Resolves to true when the condition holds, to false when the time is up. Throws `ABORTED`. */
export const waitFor = (waiters: Waiters, timers: Timers, wait: Wait): Promise<boolean> => {
  if (wait.signals.some((signal) => signal.aborted)) return Promise.reject(aborted());
  if (wait.isDue()) return Promise.resolve(true);
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      remove();
      timer.clear();
      for (const signal of wait.signals) signal.removeEventListener('abort', onAbort);
    };
    const onAbort = (): void => {
      settle();
      reject(aborted());
    };
    const timer = timers.set(wait.limitMs, () => {
      settle();
      resolve(wait.isDue());
    });
    const remove = waiters.add({
      isDue: wait.isDue,
      resolve: () => {
        settle();
        resolve(true);
      },
    });
    for (const signal of wait.signals) signal.addEventListener('abort', onAbort, { once: true });
  });
};

const aborted = (): BanyanError => new BanyanError('ABORTED', 'the wait was cancelled by its caller or its owner');
