import { type EpochMs, epochMs } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { NODE_ALIVE_CHECK_ID } from '../domain/check.js';

/** The nodes that an agent keeps (others were registered by hand), and when each was last heard; from the store, since hearing takes no index. */
export const readAgentNodes = async (store: Store): Promise<ReadonlyMap<string, EpochMs>> => {
  const rows: { name: string; last_seen: Date }[] = await store.dataSource.query(
    `SELECT node.name, node.last_seen FROM node JOIN health_check alive ON alive.node = node.name AND alive.check_id = $1`,
    [NODE_ALIVE_CHECK_ID],
  );
  return new Map(rows.map((row) => [row.name, epochMs(row.last_seen.getTime())]));
};
