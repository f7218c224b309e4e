import { BanyanError, type Timer, type Timers } from '@banyan/kernel';

/** What {@link GroupCommit} needs. */
export interface GroupCommitOptions<Item> {
  /** What the items wait for, in the words of a refusal: `the ledger`. */
  readonly name: string;
  readonly timers: Timers;
  /** How long the first item of a batch waits for others, in ms. */
  readonly lingerMs: number;
  readonly mostPerBatch: number;
  /** More callers than these are refused at once (`STORE_UNREACHABLE`). */
  readonly mostWaiting: number;
  /** Stores a batch whole or not at all. */
  readonly write: (batch: readonly Item[]) => Promise<void>;
}

/** Amounts since the process started. */
export interface GroupCommitCounts {
  readonly items: number;
  readonly batches: number;
  /** Items that could not be stored. */
  readonly failed: number;
  readonly largestBatch: number;
}

interface Waiting<Item> {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Writes in batches: while one is committed the next one gathers, so that under load an item costs a small part of a
 * commit. Everybody in a batch is told what became of it.
 */
export class GroupCommit<Item> {
  #waiting: Waiting<Item>[] = [];
  #linger: Timer | undefined;
  #flushing: Promise<void> | undefined;
  #stopped = false;
  readonly #counts = { items: 0, batches: 0, failed: 0, largestBatch: 0 };

  constructor(private readonly options: GroupCommitOptions<Item>) {}

  get counts(): GroupCommitCounts {
    return this.#counts;
  }

  /** Resolves when the item is committed. Throws what `write` throws, `STORE_UNREACHABLE` and `ABORTED`. */
  add(item: Item): Promise<void> {
    const { name, mostWaiting, mostPerBatch, timers, lingerMs } = this.options;
    if (this.#stopped) return Promise.reject(stopping());
    if (this.#waiting.length >= mostWaiting) {
      this.#counts.failed += 1;
      const why = `${mostWaiting} entries wait for ${name} already: try again later`;
      return Promise.reject(new BanyanError('STORE_UNREACHABLE', why));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#flushing !== undefined) return;
      if (this.#waiting.length >= mostPerBatch) this.#flush();
      else this.#linger ??= timers.set(lingerMs, () => this.#flush());
    });
  }

  /** Refuses what has not begun to be written (`ABORTED`), and resolves when what has is through. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#linger?.clear();
    this.#refuse(this.#waiting.splice(0), stopping());
    await this.#flushing;
  }

  #flush(): void {
    this.#linger?.clear();
    this.#linger = undefined;
    if (this.#waiting.length > 0) this.#flushing ??= this.#drain();
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.options.mostPerBatch);
      try {
        await this.options.write(batch.map(({ item }) => item));
      } catch (error) {
        // Whoever came meanwhile would find the same database, after as long a wait.
        this.#refuse([...batch, ...this.#waiting.splice(0)], error);
        continue;
      }
      this.#counts.batches += 1;
      this.#counts.items += batch.length;
      this.#counts.largestBatch = Math.max(this.#counts.largestBatch, batch.length);
      for (const { resolve } of batch) resolve();
    }
    // At once with the last look at the queue: whoever comes next must find that nobody is at work.
    this.#flushing = undefined;
  }

  #refuse(refused: readonly Waiting<Item>[], error: unknown): void {
    this.#counts.failed += refused.length;
    for (const { reject } of refused) reject(error);
  }
}

const stopping = (): BanyanError => new BanyanError('ABORTED', 'the server is stopping; ask another one');
