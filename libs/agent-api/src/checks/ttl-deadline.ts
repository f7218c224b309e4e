import { type DurationMs, formatGoDuration, type Timer, type Timers } from '@banyan/kernel';
import type { LocalServices } from '../adapters/local-services.js';

/** What a deadline turns critical, and when. */
export interface TtlDeadlineOptions {
  readonly checkId: string;
  readonly ttlMs: DurationMs;
  readonly services: LocalServices;
  readonly timers: Timers;
}

/** Turns a check critical that its service has not reported for as long as it promised. */
export class TtlDeadline {
  #timer: Timer | undefined;

  constructor(private readonly options: TtlDeadlineOptions) {}

  /** The service was heard, or has just come: its time begins anew. */
  restart(): void {
    const { checkId, services, timers, ttlMs } = this.options;
    this.#timer?.clear();
    this.#timer = timers.set(ttlMs, () =>
      services.keepResult(checkId, { status: 'critical', output: `not reported for ${formatGoDuration(ttlMs)}` }),
    );
  }

  async stop(): Promise<void> {
    this.#timer?.clear();
    await Promise.resolve();
  }
}
