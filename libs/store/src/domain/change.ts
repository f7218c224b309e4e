import type { StateIndex } from '@banyan/kernel';

/** What a change can be about. A topic is one kind of row; rooms choose their keys within their topics. */
export const TOPICS = [
  'trust-domain',
  'root',
  'root-transition',
  'denied-key',
  'ca-configuration',
  'rotation',
  'signing-authority',
  'intention',
  'token',
  'datacenter',
  'node',
  'service',
  'check',
  'replication',
  'canary',
] as const;

/** One of {@link TOPICS}. */
export type Topic = (typeof TOPICS)[number];

/** A row was written or removed. */
export type Operation = 'upsert' | 'delete';

/** One line of the commit log. Lines of one transaction share its index. */
export interface ChangeRecord {
  /** The index of the transaction that made the change. */
  readonly index: StateIndex;
  readonly topic: Topic;
  /** The row's name within its topic. */
  readonly key: string;
  readonly operation: Operation;
  /** Hash of the row's content after the change (see the kernel's `contentHash`); what it was, for a delete. */
  readonly contentHash: string;
}

/** A part of the commit log, read in one database snapshot. */
export interface ChangePage {
  /** Whole transactions in order of index; a transaction is never cut. */
  readonly changes: ChangeRecord[];
  /** The newest index of the store at that moment. */
  readonly latest: StateIndex;
  /** False when changes after the asked index were trimmed, or the index is from another history: load everything. */
  readonly reachesBack: boolean;
  /** The store's epoch at that moment; a cursor of another epoch is worthless. */
  readonly epoch: string;
}

/** What a transaction returned, and the index under which it is visible. */
export interface Committed<T> {
  readonly value: T;
  /** This transaction's index; when nothing was staged, the newest one it could see. */
  readonly index: StateIndex;
}
