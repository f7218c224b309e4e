import { BanyanError, type EpochMs, MINUTE } from '@banyan/kernel';
import type { EntityManager } from 'typeorm';
import type { ReplicationCursorRow } from './replication-cursor.row.js';

/** Left epochs that are remembered. */
const REMEMBERED = 64;
/** A source that was left so often within so short a time is not one that is being restored. */
const FLAPPING = { times: 3, withinMs: 10 * MINUTE } as const;

/**
 * The step from the epoch we follow to another. An epoch that was left before does not come back by itself: a restored
 * primary begins a new one. Throws `TWO_PRIMARIES`.
 */
export const leaveEpoch = async (
  manager: EntityManager,
  from: ReplicationCursorRow,
  to: { readonly epoch: string; readonly now: EpochMs },
): Promise<void> => {
  const left = await manager.query<unknown[]>('SELECT 1 FROM replication_source WHERE epoch::text = $1', [to.epoch]);
  if (left.length > 0) {
    throw new BanyanError(
      'TWO_PRIMARIES',
      `the source is in epoch ${to.epoch} again, which it had left for ${from.epoch}: two servers act as the primary`,
      { fields: { epoch: to.epoch, followed: from.epoch } },
    );
  }
  await manager.query(
    `INSERT INTO replication_source (epoch, source_datacenter, last_index, left_at) VALUES ($1, $2, $3, $4)
     ON CONFLICT (epoch) DO NOTHING`,
    [from.epoch, from.sourceDatacenter, from.index, new Date(to.now)],
  );
  await manager.query(
    `DELETE FROM replication_source WHERE epoch NOT IN
       (SELECT epoch FROM replication_source ORDER BY left_at DESC LIMIT ${REMEMBERED})`,
  );
};

/** Whether the source's epoch changes so often that two primaries must be answering in turn. */
export const isFlapping = async (manager: EntityManager, now: EpochMs): Promise<boolean> => {
  const [row] = await manager.query<{ count: string }[]>(
    'SELECT count(*) AS count FROM replication_source WHERE left_at > $1',
    [new Date(now - FLAPPING.withinMs)],
  );
  return Number(row?.count ?? 0) >= FLAPPING.times;
};

/** How far we followed another source than the present one; for the message that names both. */
export const foreignSource = (cursor: ReplicationCursorRow, source: string): BanyanError =>
  new BanyanError(
    'TWO_PRIMARIES',
    `this datacenter follows ${cursor.sourceDatacenter} up to index ${cursor.index}, and is now pointed at ${source}: ` +
      'one trust domain has one primary',
    { fields: { followed: cursor.sourceDatacenter, offered: source } },
  );
