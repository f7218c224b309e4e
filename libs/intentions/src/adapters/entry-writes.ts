import type { StagedChange, Transaction } from '@banyan/store';
import { entryContentHash } from '../domain/compose-entry.js';
import type { ServiceIntentions } from '../domain/intention.js';
import { ServiceIntentionsRow } from './service-intentions-row.js';

/**
 * Reads an entry for a decision about it and keeps every other writer of it out until the transaction ends. The
 * advisory lock covers the entry that does not exist yet, which no row lock can.
 */
export const lockEntry = async (tx: Transaction, name: string): Promise<ServiceIntentionsRow | null> => {
  await tx.manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`banyan.intention:${name}`]);
  return tx.manager.findOne(ServiceIntentionsRow, { where: { name }, lock: { mode: 'pessimistic_write' } });
};

/** Stages an entry as its key's content. */
export const stageEntry = (tx: Transaction, entry: ServiceIntentions): void => {
  const contentHash = entryContentHash(entry);
  const write: StagedChange['write'] = async (manager, index) => {
    await manager
      .createQueryBuilder()
      .insert()
      .into(ServiceIntentionsRow)
      .values({
        name: entry.name,
        sources: entry.sources,
        meta: entry.meta ?? null,
        contentHash,
        createIndex: index,
        modifyIndex: index,
      })
      .orUpdate(['sources', 'meta', 'content_hash', 'modify_index'], ['name'])
      .execute();
  };
  tx.stage({ topic: 'intention', key: entry.name, operation: 'upsert', contentHash, write });
};

/** Stages the removal of a locked entry. */
export const stageRemoval = (tx: Transaction, row: ServiceIntentionsRow): void => {
  const write: StagedChange['write'] = async (manager) => {
    await manager.delete(ServiceIntentionsRow, { name: row.name });
  };
  tx.stage({ topic: 'intention', key: row.name, operation: 'delete', contentHash: row.contentHash, write });
};
