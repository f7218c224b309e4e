import { BackgroundTask, messageOf, MINUTE } from '@banyan/kernel';
import type { DatacenterCore } from '../core/datacenter-core.js';

const LOOK_MS = 10 * MINUTE;
/** At about 150 bytes a line this is 15 MB, and lets a secondary that was away resume without a snapshot. */
const KEEP_LINES = 100_000;

/** Keeps the commit log bounded, on the server that holds the lease. */
export class LogTrimmer {
  readonly #task: BackgroundTask;

  constructor(core: DatacenterCore) {
    const { ambient, store } = core;
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: { firstMs: MINUTE, capMs: LOOK_MS },
      turn: async () => {
        if (core.fence() !== undefined) await store.trimLog(KEEP_LINES);
        return LOOK_MS;
      },
      onFailure: (error) => ambient.logger.warn('commit log not trimmed', { reason: messageOf(error) }),
    });
  }

  start(): void {
    this.#task.start();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }
}
