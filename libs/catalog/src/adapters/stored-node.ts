import type { Transaction } from '@banyan/store';
import { HealthCheckRow, NodeRow, ServiceInstanceRow } from './catalog-rows.js';

/** What the catalog holds of one node, locked until the transaction ends. */
export interface StoredNode {
  readonly node: NodeRow | undefined;
  readonly services: readonly ServiceInstanceRow[];
  readonly checks: readonly HealthCheckRow[];
}

/**
 * Reads a node with everything on it and keeps every other writer of it out. The advisory lock covers the node that
 * does not exist yet; the row lock is what `expireNodes` waits for.
 */
export const lockNode = async (tx: Transaction, name: string): Promise<StoredNode> => {
  const { manager } = tx;
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`banyan.catalog:${name}`]);
  const node = await manager.findOne(NodeRow, { where: { name }, lock: { mode: 'pessimistic_write' } });
  // One after the other: a transaction has one connection.
  const services = await manager.find(ServiceInstanceRow, { where: { node: name }, order: { id: 'ASC' } });
  const checks = await manager.find(HealthCheckRow, { where: { node: name }, order: { checkId: 'ASC' } });
  return { node: node ?? undefined, services, checks };
};
