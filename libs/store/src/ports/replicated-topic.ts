import type { EntityManager } from 'typeorm';
import type { JsonValue } from '@banyan/kernel';
import type { Transaction } from './transaction.js';
import type { Topic } from '../domain/change.js';

/** One record as it crosses the WAN: its key in the topic, its content without indexes, and the hash of that content. */
export interface ReplicatedItem {
  readonly key: string;
  /** `contentHash` of the content only (no indexes, no times of the datacenter), so it is equal in both datacenters. */
  readonly contentHash: string;
  readonly body: JsonValue;
}

/**
 * How the records of one topic leave the primary and enter a secondary. The room that owns the topic provides it; the
 * replication room knows nothing of the records.
 */
export interface ReplicatedTopic {
  readonly topic: Topic;
  /** Every record, in one consistent read of the given manager. */
  snapshot(manager: EntityManager): Promise<ReplicatedItem[]>;
  /** How many records there are; without it they are counted by reading them. */
  count?(manager: EntityManager): Promise<number>;
  /** The records with these keys; a key without a record is left out. */
  read(manager: EntityManager, keys: readonly string[]): Promise<ReplicatedItem[]>;
  /**
   * Stages the record unless the stored one has the same content hash. False when nothing was staged. Throws
   * `REQUEST_INVALID` when the body does not follow the topic's schema or does not have the hash it claims.
   */
  stage(tx: Transaction, item: ReplicatedItem): Promise<boolean>;
  /** Stages the deletion. False when there is no such record. */
  stageDelete(tx: Transaction, key: string): Promise<boolean>;
}
