import { BanyanError, type Timers } from '@banyan/kernel';

/**
 * How many connections of a pool writing transactions may hold at once: two thirds. They queue for the one row that
 * counts indexes anyway, and whoever follows the log, keeps the lease or answers a reader must not queue behind them.
 * Of a single connection nothing can be kept back.
 */
export const writeSlotsOf = (poolSize: number): number => Math.max(1, poolSize - Math.max(1, Math.ceil(poolSize / 3)));

/** Admits writing transactions in the order in which they came, so many at once. */
export class WriteSlots {
  #free: number;
  readonly #queue = new Set<() => void>();

  constructor(
    slots: number,
    private readonly limits: { readonly timers: Timers; readonly waitMs: number },
  ) {
    this.#free = slots;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.size;
  }

  /**
   * Runs `work` with a slot. Throws what it throws, and `STORE_UNREACHABLE` when none is free within the limit: the
   * writers before do not end, as when the database hangs.
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn();
    try {
      return await work();
    } finally {
      this.#pass();
    }
  }

  #turn(): Promise<void> {
    const { timers, waitMs } = this.limits;
    return new Promise((resolve, reject) => {
      const admit = (): void => {
        timer.clear();
        resolve();
      };
      const timer = timers.set(waitMs, () => {
        this.#queue.delete(admit);
        const why = `${this.#queue.size + 1} writes wait, and none before them has ended within ${waitMs} ms`;
        reject(new BanyanError('STORE_UNREACHABLE', `the database does not answer: ${why}`));
      });
      this.#queue.add(admit);
    });
  }

  /** The slot goes to the next in line without being free in between. */
  #pass(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#free += 1;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}
