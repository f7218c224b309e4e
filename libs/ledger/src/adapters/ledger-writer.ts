import { type Issuance, IssuanceRecorder } from '@banyan/ca';
import { BanyanError, isBanyanError, type Timer, type Timers } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { type ChainPlace, chained } from '../domain/ledger-entry.js';
import { appendEntries, lockHead } from './ledger-rows.js';

/** What {@link LedgerWriter} needs. */
export interface LedgerWriterOptions {
  readonly datacenter: string;
  /** Name of this server, as it stands in its entries. */
  readonly server: string;
  readonly store: Store;
  readonly timers: Timers;
}

/** How long the first entry of a batch waits for others, in ms: less than a commit takes on most disks. */
const LINGER_MS = 2;
/** About 0.3 MB of parameters, and some 10 ms under the lock of the head. */
const MOST_PER_BATCH = 500;
/** About 1 s of writing, 5 on a slow disk; whoever would wait longer is better told at once. */
const MOST_WAITING = 20_000;

interface Waiting {
  readonly issuance: Issuance;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Amounts since this process started. */
export interface LedgerCounts {
  readonly entries: number;
  readonly batches: number;
  /** Entries that could not be stored; their certificates were not handed out. */
  readonly failed: number;
  readonly largestBatch: number;
}

/**
 * Writes the ledger in batches: while one is committed the next one gathers, so that under load a certificate costs a
 * small part of a write. Servers share the chain: the head's row is locked from reading it to the commit.
 */
export class LedgerWriter extends IssuanceRecorder {
  #waiting: Waiting[] = [];
  #linger: Timer | undefined;
  #flushing: Promise<void> | undefined;
  #stopped = false;
  #head: ChainPlace | undefined;
  readonly #counts = { entries: 0, batches: 0, failed: 0, largestBatch: 0 };

  constructor(private readonly options: LedgerWriterOptions) {
    super();
  }

  get counts(): LedgerCounts {
    return this.#counts;
  }

  /** The end of the chain after this server's last batch. */
  get head(): ChainPlace | undefined {
    return this.#head;
  }

  override record(issuance: Issuance): Promise<void> {
    if (this.#stopped) return Promise.reject(stopping());
    if (this.#waiting.length >= MOST_WAITING) {
      this.#counts.failed += 1;
      return Promise.reject(
        new BanyanError('STORE_UNREACHABLE', `${MOST_WAITING} entries wait for the ledger already: try again later`),
      );
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ issuance, resolve, reject });
      if (this.#flushing !== undefined) return;
      if (this.#waiting.length >= MOST_PER_BATCH) this.#flush();
      else this.#linger ??= this.options.timers.set(LINGER_MS, () => this.#flush());
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
      const batch = this.#waiting.splice(0, MOST_PER_BATCH);
      try {
        this.#head = await this.#append(batch.map(({ issuance }) => issuance));
      } catch (error) {
        // Whoever came meanwhile would find the same database, after as long a wait.
        this.#refuse([...batch, ...this.#waiting.splice(0)], ledgerError(error));
        continue;
      }
      this.#counts.batches += 1;
      this.#counts.entries += batch.length;
      this.#counts.largestBatch = Math.max(this.#counts.largestBatch, batch.length);
      for (const { resolve } of batch) resolve();
    }
    // At once with the last look at the queue: whoever comes next must find that nobody is at work.
    this.#flushing = undefined;
  }

  async #append(issuances: readonly Issuance[]): Promise<ChainPlace> {
    const { store, datacenter, server } = this.options;
    const { value } = await store.run(async ({ manager }) => {
      const entries = chained(await lockHead(manager, datacenter), issuances, server);
      await appendEntries(manager, entries);
      const { seq, hash } = entries.at(-1)!;
      return { seq, hash };
    });
    return value;
  }

  #refuse(refused: readonly Waiting[], error: unknown): void {
    this.#counts.failed += refused.length;
    for (const { reject } of refused) reject(error);
  }
}

const stopping = (): BanyanError => new BanyanError('ABORTED', 'the server is stopping; ask another one');

/** A lock that was waited for too long is like a database that is away; a number that is taken already is damage. */
const ledgerError = (error: unknown): unknown => {
  if (!isBanyanError(error, 'CONFLICT')) return error;
  if (error.fields['reason'] === '23505') {
    return new BanyanError(
      'LEDGER_BROKEN',
      'the ledger has entries behind its head: it was changed by hand, see GET /v1/connect/ca/ledger/verify',
      { cause: error },
    );
  }
  return new BanyanError('STORE_UNREACHABLE', `the ledger is not free: ${error.message}`, { cause: error });
};
