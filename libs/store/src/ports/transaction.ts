import type { StateIndex } from '@banyan/kernel';
import type { EntityManager } from 'typeorm';
import type { Operation, Topic } from '../domain/change.js';

/** A write that waits for the transaction's index. */
export interface StagedChange {
  readonly topic: Topic;
  readonly key: string;
  readonly operation: Operation;
  readonly contentHash: string;
  /**
   * Writes the row, with `index` as its modify index. Called after the work is done, under the lock of the counter,
   * so that it must be nothing but statements: no waiting for anything else.
   */
  readonly write: (manager: EntityManager, index: StateIndex) => Promise<void>;
}

/**
 * Sees every transaction that writes something, after its last statement and before the commit, while the counter's row
 * is locked: what it writes by `manager` commits with the rows or not at all. It must not wait for anything else.
 */
export abstract class TransactionWitness {
  /** What it returns is told when the commit stands. What it throws, undoes the transaction. */
  abstract beforeCommit(manager: EntityManager, changes: readonly StagedChange[]): Promise<(() => void) | undefined>;
}

/**
 * What a unit of work gets: reads and locks through `manager` (READ COMMITTED; use FOR UPDATE on what a decision rests
 * on), writes by `stage`. Rows, log and index commit together or not at all.
 */
export abstract class Transaction {
  abstract readonly manager: EntityManager;
  /** Adds a write. Two changes of one (topic, key) are both written, and logged once, as the last of them. */
  abstract stage(change: StagedChange): void;
  /**
   * Adds what may happen elsewhere only once the commit stands, and holds no lock while it does; `run` waits for it. A crash
   * in between loses it, and what it throws, `run` throws: the commit stands all the same.
   */
  abstract afterCommit(effect: () => Promise<void>): void;
}
