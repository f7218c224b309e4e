import { BackgroundTask, isBanyanError, messageOf } from '@banyan/kernel';
import type { RotationEngine } from '@banyan/rotation';
import type { DatacenterCore } from '../core/datacenter-core.js';

/** Without the lease; whoever gets it is woken. */
const IDLE_MS = 5_000;
const BACKOFF = { firstMs: 200, capMs: 5_000 };

/**
 * Moves rotations on, on the replica that holds the lease. Apart from the care of the signing authority: a provider that
 * takes long to make a root must not hold up the renewal of an intermediate.
 */
export class RotationTask {
  readonly #task: BackgroundTask;
  /** Why the last look failed: a reason that stays is said once. */
  #failure: string | undefined;

  constructor(core: DatacenterCore, engine: Pick<RotationEngine, 'step'>) {
    const { ambient, ca } = core;
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: BACKOFF,
      turn: async (signal) => {
        const fence = core.fence();
        if (fence === undefined || ca.wantedRoot === undefined) return IDLE_MS;
        const lookAgainAt = await engine.step(fence, signal);
        this.#failure = undefined;
        return Math.min(IDLE_MS, Math.max(0, lookAgainAt - ambient.clock.now()));
      },
      onFailure: (error) => {
        const reason = messageOf(error);
        if (this.#failure !== reason) {
          const code = isBanyanError(error) ? error.code : 'INTERNAL';
          ambient.logger.warn('rotation not moved', { code, reason });
        }
        this.#failure = reason;
      },
    });
  }

  start(): void {
    this.#task.start();
  }

  /** Looks at once: a rotation was started or acted on, or somebody reported. */
  wake(): void {
    this.#task.wake();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }
}
