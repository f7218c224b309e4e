import { writeCanary } from '@banyan/intentions';
import { BackgroundTask, type DurationMs, durationMs, messageOf, SECOND } from '@banyan/kernel';
import type { DatacenterCore } from '../core/datacenter-core.js';

/** Within an objective there are five beats: one or two may be late without a false alarm. */
const BEATS_IN_OBJECTIVE = 5;
/** However patient the objective: who looks wants to see a round trip of the last few seconds. One row is updated each time. */
const SLOWEST_MS = 5 * SECOND;
/** The smallest objective is 1 s. */
const FASTEST_MS = 200;

/** How often the canary is written under that objective: 10 s → every 2 s; 1 s → every 200 ms; 1 min → every 5 s. */
export const beatMs = (objective: DurationMs): DurationMs =>
  durationMs(Math.max(FASTEST_MS, Math.min(SLOWEST_MS, objective / BEATS_IN_OBJECTIVE)));

/** Writes the canary, on the server that holds the lease. */
export class CanaryBeat {
  readonly #task: BackgroundTask;

  constructor(core: DatacenterCore) {
    const { ambient, store, settings } = core;
    const everyMs = beatMs(settings.BANYAN_CANARY_OBJECTIVE);
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: { firstMs: everyMs, capMs: everyMs },
      turn: async () => {
        const fence = core.fence();
        if (fence !== undefined && core.ca.state.active !== undefined) await writeCanary(store, ambient.clock, fence);
        return everyMs;
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
