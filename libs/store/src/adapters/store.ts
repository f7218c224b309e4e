import type { Logger, Random, StateIndex, Timers } from '@banyan/kernel';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { ChangePage, Committed } from '../domain/change.js';
import type { Fence } from '../domain/fence.js';
import { type StagedChange, Transaction } from '../ports/transaction.js';
import { CommitListener } from './commit-listener.js';
import { appendToLog, readIndex, readPage, takeIndex, trim } from './commit-log.js';
import { checkFence } from './lease-rows.js';
import { holdProcess } from './hold-process.js';
import { codedStoreError } from './postgres-errors.js';

/** What `openStore` hands to the {@link Store}. */
export interface StoreParts {
  readonly url: string;
  readonly dataSource: DataSource;
  readonly epoch: string;
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

/**
 * A datacenter's state: transactions with an index, and the log of them. Open with `openStore`.
 * Every method throws `STORE_UNREACHABLE` when the database does not answer.
 */
export class Store {
  readonly dataSource: DataSource;
  #epoch: string;

  constructor(private readonly parts: StoreParts) {
    this.dataSource = parts.dataSource;
    this.#epoch = parts.epoch;
  }

  /** UUID of this history of indexes. Changes when the store was re-created, or restored and told so. */
  get epoch(): string {
    return this.#epoch;
  }

  /**
   * Runs `work` in one transaction, then writes what it staged under the next index, and commits. Throws what `work`
   * throws, `LEASE_LOST`, `CONFLICT` (lost against another transaction: read again and repeat), or `STORE_UNREACHABLE`;
   * nothing was written then, except that after a connection lost during the commit itself the outcome is unknown.
   * Don't call `run` inside `work`: it would wait for a second connection.
   */
  async run<T>(work: (tx: Transaction) => Promise<T>, options: RunOptions = {}): Promise<Committed<T>> {
    return coded(async () => {
      const runner = this.dataSource.createQueryRunner();
      try {
        await runner.connect();
        await runner.startTransaction('READ COMMITTED');
        const committed = await this.#inTransaction(runner.manager, work, options);
        await runner.commitTransaction();
        return committed;
      } catch (error) {
        await rollBack(runner);
        throw error;
      } finally {
        await runner.release();
      }
    });
  }

  /** The index of the newest transaction. At least 1. */
  currentIndex(): Promise<StateIndex> {
    return coded(() => readIndex(this.dataSource.manager));
  }

  /** The changes after `index`, at most about `limit` (a transaction is never cut). */
  async changesAfter(index: StateIndex, limit: number): Promise<ChangePage> {
    const page = await coded(() => readPage(this.dataSource, index, limit));
    this.#epoch = page.epoch;
    return page;
  }

  /** Forgets the log's lines of all but the newest `keepLast` indexes. */
  trimLog(keepLast: number): Promise<void> {
    return coded(() => trim(this.dataSource, keepLast));
  }

  /**
   * Starts another history: call it once after restoring a backup, before any server is started on it. Followers and
   * replicas then load everything again, even if the index has overtaken theirs.
   */
  async renewEpoch(): Promise<void> {
    const epoch = this.parts.random.uuid();
    await coded(() => this.dataSource.query('UPDATE state_counter SET epoch = $1 WHERE id = 1', [epoch]));
    this.#epoch = epoch;
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

  /** Resolves if the database answers. */
  async ping(): Promise<void> {
    await coded(() => this.dataSource.query('SELECT 1'));
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

  async #inTransaction<T>(
    manager: EntityManager,
    work: (tx: Transaction) => Promise<T>,
    options: RunOptions,
  ): Promise<Committed<T>> {
    if (options.fence !== undefined) await checkFence(manager, options.fence);
    const transaction = new StagingTransaction(manager);
    const value = await work(transaction);
    const staged = transaction.seal();
    if (staged.length === 0) return { value, index: await readIndex(manager) };
    const index = await takeIndex(manager);
    for (const change of staged) await change.write(manager, index);
    await appendToLog(manager, index, staged);
    return { value, index };
  }
}

/** Collects what is staged until the work has ended. */
class StagingTransaction extends Transaction {
  readonly #staged: StagedChange[] = [];
  #open = true;

  constructor(override readonly manager: EntityManager) {
    super();
  }

  override stage(change: StagedChange): void {
    if (!this.#open)
      throw new TypeError('a change was staged after its transaction had ended: a promise was not awaited');
    this.#staged.push(change);
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

const coded = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw codedStoreError(error);
  }
};
