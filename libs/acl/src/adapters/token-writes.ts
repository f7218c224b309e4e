import type { StagedChange, Transaction } from '@banyan/store';
import { type TokenRecord, tokenContentHash } from '../domain/token-record.js';
import { TokenRow } from './token-row.js';

/**
 * Lets one writer of tokens in at a time until the transaction ends. Bootstrap and import decide on the absence of
 * rows, which no row lock covers; tokens are written rarely enough for a single lock.
 */
export const lockTokens = async (tx: Transaction): Promise<void> => {
  await tx.manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', ['banyan.tokens']);
};

/** Stages a token as its accessor's content. */
export const stageToken = (tx: Transaction, record: TokenRecord): void => {
  const contentHash = tokenContentHash(record);
  const write: StagedChange['write'] = async (manager, index) => {
    await manager
      .createQueryBuilder()
      .insert()
      .into(TokenRow)
      .values({ ...record, contentHash, createIndex: index, modifyIndex: index })
      .orUpdate(['secret_hash', 'role', 'description', 'create_time', 'content_hash', 'modify_index'], ['accessor_id'])
      .execute();
  };
  tx.stage({ topic: 'token', key: record.accessorId, operation: 'upsert', contentHash, write });
};

/** Stages the removal of a token. */
export const stageTokenRemoval = (tx: Transaction, row: TokenRow): void => {
  const write: StagedChange['write'] = async (manager) => {
    await manager.delete(TokenRow, { accessorId: row.accessorId });
  };
  tx.stage({ topic: 'token', key: row.accessorId, operation: 'delete', contentHash: row.contentHash, write });
};
