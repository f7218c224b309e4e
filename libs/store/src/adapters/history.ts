import type { StateIndex } from '@banyan/kernel';
import type { DataSource, EntityManager } from 'typeorm';
import { indexOf } from './column-transformers.js';

/** Why a history of indexes ended, or is known here. */
export type HistoryReason =
  /** An operator said so, after restoring a backup. */
  | 'renewed'
  /** A replica knew changes that are not in our log: a backup was restored, or another primary was followed. */
  | 'restored';

/**
 * The hash of what was committed under an index, with its time: two histories that went apart differ in it, even where
 * the same change was made in both. Undefined when the index is not in the log (trimmed, or not reached).
 */
export const readLogHash = async (
  source: DataSource | EntityManager,
  index: StateIndex,
): Promise<string | undefined> => {
  const rows = await source.query<{ hash: string | null }[]>(
    `SELECT encode(sha256(convert_to(string_agg(
       topic || ' ' || key || ' ' || operation || ' ' || content_hash || ' ' || extract(epoch FROM committed_at)::text,
       E'\\n' ORDER BY topic, key), 'UTF8')), 'hex') AS hash
       FROM commit_log WHERE index = $1`,
    [index],
  );
  return rows[0]?.hash ?? undefined;
};

/** Whether this store has had that epoch before its present one, or was told of it. */
export const knowsEpoch = async (source: DataSource, epoch: string): Promise<boolean> => {
  const rows = await source.query<unknown[]>('SELECT 1 FROM store_history WHERE epoch::text = $1', [epoch]);
  return rows.length > 0;
};

/** Why the present history was begun; undefined for the first one of a store. */
export const historyReason = async (source: DataSource): Promise<HistoryReason | undefined> => {
  const rows = await source.query<{ reason: HistoryReason }[]>(
    'SELECT reason FROM store_history h JOIN state_counter s ON s.epoch = h.successor WHERE s.id = 1 LIMIT 1',
  );
  return rows[0]?.reason;
};

/** Begins another history, and keeps the present one and `also` as known. Resolves to the index at which it happened. */
export const beginHistory = (
  source: DataSource,
  begin: { readonly epoch: string; readonly reason: HistoryReason; readonly also?: readonly string[] },
): Promise<StateIndex> =>
  source.transaction('READ COMMITTED', async (manager) => {
    const [counter] = await manager.query<{ index: string; epoch: string }[]>(
      'SELECT index, epoch FROM state_counter WHERE id = 1 FOR UPDATE',
    );
    for (const past of [counter!.epoch, ...(begin.also ?? [])]) {
      await manager.query(
        `INSERT INTO store_history (epoch, last_index, reason, successor) VALUES ($1, $2, $3, $4)
         ON CONFLICT (epoch) DO NOTHING`,
        [past, counter!.index, begin.reason, begin.epoch],
      );
    }
    await manager.query('UPDATE state_counter SET epoch = $1 WHERE id = 1', [begin.epoch]);
    return indexOf(counter!.index);
  });
