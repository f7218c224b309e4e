import { writeCanary } from '@banyan/intentions';
import { BackgroundTask, messageOf } from '@banyan/kernel';
import type { DatacenterCore } from '../core/datacenter-core.js';

/** A fifth of the default objective: a beat or two may be late without a false alarm. One row is updated each time. */
const BEAT_MS = 2_000;

/** Writes the canary, on the server that holds the lease. */
export class CanaryBeat {
  readonly #task: BackgroundTask;

  constructor(core: DatacenterCore) {
    const { ambient, store } = core;
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: { firstMs: BEAT_MS, capMs: BEAT_MS },
      turn: async () => {
        const fence = core.fence();
        if (fence !== undefined && core.ca.state.active !== undefined) await writeCanary(store, ambient.clock, fence);
        return BEAT_MS;
      },
      onFailure: (error) => ambient.logger.debug('canary not written', { reason: messageOf(error) }),
    });
  }

  start(): void {
    this.#task.start();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }
}
