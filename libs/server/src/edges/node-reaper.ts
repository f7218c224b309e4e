import { BackgroundTask, messageOf } from '@banyan/kernel';
import type { DatacenterCore } from '../core/datacenter-core.js';

const LOOK_MS = 5_000;
/** Agents are heard every 5 s; a node that was silent for so long is held dead. */
const DEAD_AFTER_MS = 30_000;

/** Marks nodes critical whose agent is silent, on the server that holds the lease. */
export class NodeReaper {
  readonly #task: BackgroundTask;

  constructor(core: DatacenterCore) {
    const { ambient, catalogWriter } = core;
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: { firstMs: 1_000, capMs: LOOK_MS },
      turn: async () => {
        if (core.fence() === undefined) return LOOK_MS;
        const names = await catalogWriter.expireNodes(ambient.clock.now(), DEAD_AFTER_MS);
        if (names.length > 0) ambient.logger.warn('nodes are silent and marked critical', { nodes: names.join(',') });
        return LOOK_MS;
      },
      onFailure: (error) => ambient.logger.warn('silent nodes not looked for', { reason: messageOf(error) }),
    });
  }

  start(): void {
    this.#task.start();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }
}
