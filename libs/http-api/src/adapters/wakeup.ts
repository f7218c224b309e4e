import type { Timers } from '@banyan/kernel';

/** Lets one loop sleep until something happened. What happens while it does not sleep is not lost: the next sleep is none. */
export class Wakeup {
  #isDue = false;
  #resume: (() => void) | undefined;

  constructor(private readonly timers: Timers) {}

  wake(): void {
    this.#isDue = true;
    this.#resume?.();
  }

  /** Resolves after {@link wake}, when `signal` is aborted, or after `limitMs`. */
  async wait(limitMs: number, signal: AbortSignal): Promise<void> {
    if (!this.#isDue && !signal.aborted) await this.#sleep(limitMs, signal);
    this.#isDue = false;
  }

  #sleep(limitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const resume = (): void => {
        timer.clear();
        signal.removeEventListener('abort', resume);
        this.#resume = undefined;
        resolve();
      };
      const timer = this.timers.set(limitMs, resume);
      signal.addEventListener('abort', resume, { once: true });
      this.#resume = resume;
    });
  }
}
