import { type Issuance, IssuanceRecorder } from '@banyan/ca';
import { BanyanError, type ChainPlace, isBanyanError, type Timers } from '@banyan/kernel';
import { GroupCommit, type Store } from '@banyan/store';
import { chained } from '../domain/ledger-entry.js';
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
  readonly #commits: GroupCommit<Issuance>;
  #head: ChainPlace | undefined;

  constructor(private readonly options: LedgerWriterOptions) {
    super();
    this.#commits = new GroupCommit({
      name: 'the ledger',
      timers: options.timers,
      lingerMs: LINGER_MS,
      mostPerBatch: MOST_PER_BATCH,
      mostWaiting: MOST_WAITING,
      write: (batch) => this.#write(batch),
    });
  }

  get counts(): LedgerCounts {
    const { items, batches, failed, largestBatch } = this.#commits.counts;
    return { entries: items, batches, failed, largestBatch };
  }

  /** The end of the chain after this server's last batch. */
  get head(): ChainPlace | undefined {
    return this.#head;
  }

  override record(issuance: Issuance): Promise<void> {
    return this.#commits.add(issuance);
  }

  /** Refuses what has not begun to be written (`ABORTED`), and resolves when what has is through. */
  stop(): Promise<void> {
    return this.#commits.stop();
  }

  async #write(issuances: readonly Issuance[]): Promise<void> {
    try {
      this.#head = await this.#append(issuances);
    } catch (error) {
      throw ledgerError(error);
    }
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
}

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
