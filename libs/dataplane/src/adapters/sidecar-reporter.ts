import type { SidecarReport } from '@banyan/adoption';
import { BackgroundTask, type Clock, type Logger, messageOf, type Random, type Timers } from '@banyan/kernel';
import type { ReportSink } from '../ports/report-sink.js';
import type { MaterialInUse } from './mesh-material.js';

/** A change is told so soon; a well-informed agent is told again so often, before its memory of us ends (60 s). */
const LOOK_MS = 1_000;
const REPEAT_MS = 10_000;
const BACKOFF = { firstMs: 1_000, capMs: REPEAT_MS };

/** What {@link SidecarReporter} needs. */
export interface SidecarReporterOptions {
  /** The proxy's or service's ID and the service's name, once they are known. */
  readonly self: () => { readonly id: string; readonly service: string } | undefined;
  readonly inUse: () => MaterialInUse | undefined;
  readonly sink: ReportSink;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** Tells the agent what this workload verifies with, presents and sees: every second while that changes. */
export class SidecarReporter {
  readonly #task: BackgroundTask;
  #sent = '';
  #sentAt = 0;
  #isRefused = false;

  constructor(private readonly options: SidecarReporterOptions) {
    const { timers, random } = options;
    this.#task = new BackgroundTask({
      timers,
      random,
      backoff: BACKOFF,
      turn: (signal) => this.#turn(signal),
      onFailure: (error) => this.#refused(error),
    });
  }

  start(): void {
    this.#task.start();
  }

  /** To be called when material has changed: that is told at once. */
  wake(): void {
    this.#task.wake();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }

  async #turn(signal: AbortSignal): Promise<number> {
    const { clock, sink } = this.options;
    const self = this.options.self();
    const inUse = this.options.inUse();
    if (self === undefined || inUse === undefined) return LOOK_MS;
    const report = reportOf(self.service, inUse);
    const text = JSON.stringify(report);
    const now = clock.now();
    if (text === this.#sent && Math.abs(now - this.#sentAt) < REPEAT_MS) return LOOK_MS;
    await sink.report(self.id, report, signal);
    this.#sent = text;
    this.#sentAt = now;
    this.#isRefused = false;
    return LOOK_MS;
  }

  #refused(error: unknown): void {
    if (!this.#isRefused) this.options.logger.warn('the agent took no report', { reason: messageOf(error) });
    this.#isRefused = true;
  }
}

/** The report of one moment. */
const reportOf = (service: string, { tls, judge }: MaterialInUse): SidecarReport => {
  const { serial, rootId } = tls.leaf;
  return {
    service,
    bundle: [...tls.trust.rootIds],
    leaf: rootId === undefined ? { serial } : { serial, rootId },
    ...judge.report(service),
  };
};
