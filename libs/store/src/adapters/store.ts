import type { Logger, Random, StateIndex, Timers } from '@banyan/kernel';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { ChangePage, Committed } from '../domain/change.js';
import type { Fence } from '../domain/fence.js';
import { WriteSlots, writeSlotsOf } from '../domain/write-slots.js';
import { type StagedChange, Transaction, type TransactionWitness } from '../ports/transaction.js';
import { CommitListener } from './commit-listener.js';
import { appendToLog, readIndex, readPage, takeIndex, trim } from './commit-log.js';
import { checkFence } from './lease-rows.js';
import { beginHistory, historyReason, type HistoryReason, knowsEpoch, readLogHash } from './history.js';
import { holdProcess } from './hold-process.js';
import { codedStoreError, isReadOnly, readOnlyDatabase } from './postgres-errors.js';

/** What `openStore` hands to the {@link Store}. */
export interface StoreParts {
  readonly url: string;
  readonly dataSource: DataSource;
  readonly epoch: string;
  /** Connections of the data source. */
  readonly poolSize: number;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** What {@link Store.run} can be told. */
export interface RunOptions {
  /** Refuse the transaction with `LEASE_LOST` unless this lease is held until it commits. */
  readonly fence?: Fence;
}

const CLOSE_WITHIN_MS = 5_000;
/** As long as a connection is waited for. */
const WRITE_WAIT_MS = 10_000;

/**
 * A datacenter's state: transactions with an index, and the log of them. Open with `openStore`.
 * Every method throws `STORE_UNREACHABLE` when the database does not answer.
 */
export class Store {
  readonly dataSource: DataSource;
  #epoch: string;
  /** Epochs begun by this process: a page that was read before one of them tells of the past. */
  #begun = 0;
  readonly #slots: WriteSlots;
  #witness: TransactionWitness | undefined;

  constructor(private readonly parts: StoreParts) {
    this.dataSource = parts.dataSource;
    this.#epoch = parts.epoch;
    this.#slots = new WriteSlots(writeSlotsOf(parts.poolSize), { timers: parts.timers, waitMs: WRITE_WAIT_MS });
  }

  /** UUID of this history of indexes. Changes when the store was re-created, or restored and told so. */
  get epoch(): string {
    return this.#epoch;
  }

  /**
   * Runs `work` in one transaction, then writes what it staged under the next index, and commits. Throws what `work`
   * throws, `LEASE_LOST`, `CONFLICT` (lost against another transaction: read again and repeat), or `STORE_UNREACHABLE`;
   * nothing was written then, except that after a connection lost during the commit itself the outcome is unknown.
   * Don't call `run` inside `work`: it would wait for a second connection. A part of the pool is kept for reads: however
   * many writes wait, the log is followed and the lease renewed.
   */
  async run<T>(work: (tx: Transaction) => Promise<T>, options: RunOptions = {}): Promise<Committed<T>> {
    const { committed, effects } = await this.#slots.run(() => coded(() => this.#commit(work, options)));
    for (const effect of effects) await effect();
    return committed;
  }

  /** Has every transaction that writes something looked at before it commits; once, before the first. */
  witnessedBy(witness: TransactionWitness): void {
    this.#witness = witness;
  }

  /** The index of the newest transaction. At least 1. */
  currentIndex(): Promise<StateIndex> {
    return coded(() => readIndex(this.dataSource.manager));
  }

  /** The changes after `index`, at most about `limit` (a transaction is never cut). */
  async changesAfter(index: StateIndex, limit: number): Promise<ChangePage> {
    const begun = this.#begun;
    const page = await coded(() => readPage(this.dataSource, index, limit));
    if (begun === this.#begun) this.#epoch = page.epoch;
    return page;
  }

  /** Forgets the log's lines of all but the newest `keepLast` indexes. */
  trimLog(keepLast: number): Promise<void> {
    return coded(() => trim(this.dataSource, keepLast));
  }

  /**
   * Starts another history: after restoring a backup, by hand or by itself. Followers and replicas then load everything
   * again, even if the index has overtaken theirs. `also` are epochs that replicas told of and that ended elsewhere.
   */
  async renewEpoch(why: { readonly reason?: HistoryReason; readonly also?: readonly string[] } = {}): Promise<void> {
    const epoch = this.parts.random.uuid();
    const { reason = 'renewed', also = [] } = why;
    await coded(() => beginHistory(this.dataSource, { epoch, reason, also }));
    this.#begun += 1;
    this.#epoch = epoch;
  }

  /** See {@link readLogHash}. */
  logHash(index: StateIndex): Promise<string | undefined> {
    return coded(() => readLogHash(this.dataSource, index));
  }

  /** Why the present epoch was begun; undefined for the first one. */
  historyReason(): Promise<HistoryReason | undefined> {
    return coded(() => historyReason(this.dataSource));
  }

  /** Whether this store has had that epoch, or was told of it. */
  knowsEpoch(epoch: string): Promise<boolean> {
    return coded(() => knowsEpoch(this.dataSource, epoch));
  }

  /**
   * Calls `onHint` soon after commits, from any server. A hint can be missed while the connection is made again, so
   * that followers poll as well; `onHint` is called after each reconnection.
   */
  async listen(onHint: () => void): Promise<{ close(): Promise<void> }> {
    const { url, timers, random, logger } = this.parts;
    const listener = new CommitListener({ url, timers, random, logger, onHint });
    await listener.start();
    return { close: () => listener.close() };
  }

  /**
   * One statement outside the commit log, for what is no state: it takes no index and wakes nobody. Answers the rows
   * of a SELECT or RETURNING.
   */
  async query<Row>(text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    return coded(async () => {
      const answer: unknown = await this.dataSource.query(text, [...values]);
      return Array.isArray(answer) ? (answer as Row[]) : [];
    });
  }

  /**
   * Resolves if the database answers and takes writes. A standby, or a primary that was demoted, reads but does not write:
   * `STORE_UNREACHABLE` as well.
   */
  async ping(): Promise<void> {
    const [row] = await this.query<{ readonly read_only: string }>(
      `SELECT current_setting('transaction_read_only') AS read_only`,
      [],
    );
    if (row?.read_only === 'on') throw readOnlyDatabase();
  }

  /**
   * Closes the pool once running transactions have ended, or 5 s have passed. Close listeners and lease keepers first.
   */
  async close(): Promise<void> {
    if (!this.dataSource.isInitialized) return;
    const letGo = holdProcess();
    // Over a dead network the connections' good-bye is never answered.
    await Promise.race([this.dataSource.destroy(), this.parts.timers.sleep(CLOSE_WITHIN_MS)]).finally(letGo);
  }

  async #commit<T>(
    work: (tx: Transaction) => Promise<T>,
    options: RunOptions,
  ): Promise<{ readonly committed: Committed<T>; readonly effects: readonly (() => Promise<void>)[] }> {
    const runner = this.dataSource.createQueryRunner();
    try {
      await runner.connect();
      await runner.startTransaction('READ COMMITTED');
      const transaction = new StagingTransaction(runner.manager);
      const committed = await this.#inTransaction(transaction, work, options);
      await runner.commitTransaction();
      return { committed, effects: transaction.effects };
    } catch (error) {
      await rollBack(runner);
      if (isReadOnly(error)) await abandonConnection(runner);
      throw error;
    } finally {
      await runner.release();
    }
  }

  async #inTransaction<T>(
    transaction: StagingTransaction,
    work: (tx: Transaction) => Promise<T>,
    options: RunOptions,
  ): Promise<Committed<T>> {
    const { manager } = transaction;
    if (options.fence !== undefined) await checkFence(manager, options.fence);
    const value = await work(transaction);
    const staged = transaction.seal();
    if (staged.length === 0) return { value, index: await readIndex(manager) };
    const index = await takeIndex(manager);
    for (const change of staged) await change.write(manager, index);
    await appendToLog(manager, index, staged);
    const told = await this.#witness?.beforeCommit(manager, staged);
    // First of all: what an effect throws must not hide that the commit stands.
    if (told !== undefined) transaction.effects.unshift(async () => told());
    return { value, index };
  }
}

/** Collects what is staged until the work has ended. */
class StagingTransaction extends Transaction {
  readonly #staged: StagedChange[] = [];
  readonly effects: (() => Promise<void>)[] = [];
  #open = true;

  constructor(override readonly manager: EntityManager) {
    super();
  }

  override stage(change: StagedChange): void {
    if (!this.#open)
      throw new TypeError('a change was staged after its transaction had ended: a promise was not awaited');
    this.#staged.push(change);
  }

  override afterCommit(effect: () => Promise<void>): void {
    this.effects.push(effect);
  }

  seal(): readonly StagedChange[] {
    this.#open = false;
    return this.#staged;
  }
}

/** A rollback fails only with its connection, and then the server rolls back by itself; the first error counts. */
const rollBack = async (runner: QueryRunner): Promise<void> => {
  if (runner.isTransactionActive) await runner.rollbackTransaction().catch(() => undefined);
};

/**
 * The connection leads to a database that does not write any more. The pool drops one that is ending, so that the next
 * write connects anew, and where the address leads by then decides. Its end comes after it was given back.
 */
const abandonConnection = async (runner: QueryRunner): Promise<void> => {
  const connection = (await runner.connect()) as { end?: () => Promise<void> };
  void connection.end?.().catch(() => undefined);
};

const coded = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw codedStoreError(error);
  }
};
