import { BanyanError, type Timers } from '@banyan/kernel';

/** Readers that wait for a condition; each wait has a limit and a signal. */
export class Waiters {
  readonly #checks = new Set<() => void>();

  constructor(private readonly timers: Timers) {}

  get count(): number {
    return this.#checks.size;
  }

  wakeAll(): void {
    this.#checks.forEach((check) => check());
  }

  /** Resolves when the condition holds or the time is up; rejects with `ABORTED` when the signal is aborted. */
  until(condition: () => boolean, o: { limitMs: number; signal: AbortSignal }): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        timer.clear();
        this.#checks.delete(check);
        o.signal.removeEventListener('abort', onAbort);
        settle();
      };
      const check = (): void => {
        if (condition()) end(resolve);
      };
      const onAbort = (): void => end(() => reject(new BanyanError('ABORTED', 'the caller went away')));
      const timer = this.timers.set(o.limitMs, () => end(resolve));
      this.#checks.add(check);
      if (o.signal.aborted) onAbort();
      else o.signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
