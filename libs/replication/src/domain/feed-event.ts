import type { JsonValue, StateIndex } from '@banyan/kernel';

/** Where a follower stands in a source's history. An index means nothing without its epoch. */
export interface FeedCursor {
  /** Absent for a follower that has nothing yet. */
  readonly epoch?: string;
  readonly index: StateIndex;
  /** Hash of what the source had committed under that index, as it told; empty or absent when it did not. */
  readonly logHash?: string;
}

/** A record as the feed carries it, or the name of one that is gone. */
export interface FeedItem {
  readonly topic: string;
  readonly key: string;
  readonly operation: 'upsert' | 'delete';
  readonly contentHash: string;
  /** The content; null for a delete. */
  readonly body: JsonValue;
}

/**
 * One step of the feed. A snapshot carries every record of every topic and may come in parts: `more` is true on all but
 * the last. A heartbeat carries no items; its index says how far the source is.
 */
export interface FeedEvent {
  readonly kind: 'snapshot' | 'changes' | 'heartbeat';
  readonly epoch: string;
  readonly index: StateIndex;
  readonly items: readonly FeedItem[];
  readonly more: boolean;
  /** The source's clock when it sent this, ms since 1970. */
  readonly sentAt: number;
  /** The newest index of the source when it sent this: what is between is still to come. */
  readonly latest: StateIndex;
  /** Hash of what the source committed under `index`; empty when it no longer has it. */
  readonly logHash: string;
}
