import { readAgentNodes } from '@banyan/catalog';
import { BackgroundTask, MINUTE, messageOf } from '@banyan/kernel';
import type { DatacenterCore } from '../core/datacenter-core.js';

const LOOK_MS = 5_000;
/** Agents are heard every 5 s; a node that was silent for so long is held dead. */
const DEAD_AFTER_MS = 30_000;

/** What agents of nodes said that are no longer in the catalog is looked for this often, and kept that long at least. */
const FORGET_MS = MINUTE;

/** Marks nodes critical whose agent is silent, and forgets what removed ones said, on the server that holds the lease. */
export class NodeReaper {
  readonly #task: BackgroundTask;
  /** Since when agents could be heard here: an outage of servers or database is not the silence of a node. */
  #hearingSince: number | undefined;
  #forgotAt: number | undefined;

  constructor(private readonly core: DatacenterCore) {
    const { ambient, catalogWriter } = core;
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: { firstMs: 1_000, capMs: LOOK_MS },
      turn: async () => {
        const now = ambient.clock.now();
        if (core.fence() === undefined) {
          this.#hearingSince = undefined;
          return LOOK_MS;
        }
        // Agents are heard through the database: while it is away, nobody is.
        await core.store.ping();
        this.#hearingSince ??= now;
        if (now - this.#hearingSince < DEAD_AFTER_MS) return LOOK_MS;
        const names = await catalogWriter.expireNodes(now, DEAD_AFTER_MS);
        await this.#forget(now);
        if (names.length > 0) ambient.logger.warn('nodes are silent and marked critical', { nodes: names.join(',') });
        return LOOK_MS;
      },
      onFailure: (error) => {
        this.#hearingSince = undefined;
        ambient.logger.warn('silent nodes not looked for', { reason: messageOf(error) });
      },
    });
  }

  start(): void {
    this.#task.start();
  }

  async #forget(now: number): Promise<void> {
    if (this.#forgotAt !== undefined && Math.abs(now - this.#forgotAt) < FORGET_MS) return;
    this.#forgotAt = now;
    const { agentReports, store } = this.core;
    await agentReports.forgetAllBut([...(await readAgentNodes(store)).keys()], FORGET_MS);
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }
}
