import type { StateIndex } from '@banyan/kernel';

/** One change of the commit log, as this room needs it. Topics are the store's; here they are only compared. */
export interface Change {
  /** The index of the transaction; several changes can share one. */
  readonly index: StateIndex;
  readonly topic: string;
  readonly key: string;
  readonly operation: 'upsert' | 'delete';
  readonly contentHash: string;
}

/** A part of the log: whole transactions in order of index. */
export interface ChangePage {
  readonly changes: readonly Change[];
  /** The newest index at the moment of reading. */
  readonly latest: StateIndex;
  /** False when the log was trimmed beyond the asked index, or the index is from another history. */
  readonly reachesBack: boolean;
  /** The history the indexes belong to, if the log has more than one in its life. */
  readonly epoch?: string;
}
