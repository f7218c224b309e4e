import type { EpochMs } from '@banyan/kernel';
import type { StagedChange } from '@banyan/store';
import type { CheckState } from '../domain/check.js';
import type { Wanted } from '../domain/node-plan.js';
import { nodeContentHash, type NodeRecord, recordKey } from '../domain/records.js';
import type { ServiceInstance } from '../domain/service-instance.js';
import { HealthCheckRow, NodeRow, ServiceInstanceRow } from './catalog-rows.js';

/** Writes a node. `lastSeen` counts only for a node that is not stored yet. */
export const writeNode = (node: NodeRecord['node'], lastSeen: EpochMs): StagedChange => {
  const contentHash = nodeContentHash(node);
  const write: StagedChange['write'] = async (manager, index) => {
    await manager
      .createQueryBuilder()
      .insert()
      .into(NodeRow)
      .values({
        name: node.Node,
        id: node.ID,
        address: node.Address,
        meta: node.Meta,
        lastSeen,
        contentHash,
        createIndex: index,
        modifyIndex: index,
      })
      .orUpdate(['id', 'address', 'meta', 'content_hash', 'modify_index'], ['name'])
      .execute();
  };
  return { topic: 'node', key: node.Node, operation: 'upsert', contentHash, write };
};

export const removeNode = (row: NodeRow): StagedChange => ({
  topic: 'node',
  key: row.name,
  operation: 'delete',
  contentHash: row.contentHash,
  write: async (manager) => {
    await manager.delete(NodeRow, { name: row.name });
  },
});

export const writeService = (node: string, { id, content, contentHash }: Wanted<ServiceInstance>): StagedChange => {
  const write: StagedChange['write'] = async (manager, index) => {
    await manager
      .createQueryBuilder()
      .insert()
      .into(ServiceInstanceRow)
      .values({
        node,
        id,
        name: content.Service,
        // TypeORM's partial type cannot follow the free-form Config members.
        registration: content as object,
        contentHash,
        createIndex: index,
        modifyIndex: index,
      })
      .orUpdate(['name', 'registration', 'content_hash', 'modify_index'], ['node', 'id'])
      .execute();
  };
  return { topic: 'service', key: recordKey(node, id), operation: 'upsert', contentHash, write };
};

export const removeService = (row: ServiceInstanceRow): StagedChange => ({
  topic: 'service',
  key: recordKey(row.node, row.id),
  operation: 'delete',
  contentHash: row.contentHash,
  write: async (manager) => {
    await manager.delete(ServiceInstanceRow, { node: row.node, id: row.id });
  },
});

export const writeCheck = (node: string, { id, content, contentHash }: Wanted<CheckState>): StagedChange => {
  const write: StagedChange['write'] = async (manager, index) => {
    await manager
      .createQueryBuilder()
      .insert()
      .into(HealthCheckRow)
      .values({
        node,
        checkId: id,
        serviceId: content.ServiceID,
        registration: content,
        contentHash,
        createIndex: index,
        modifyIndex: index,
      })
      .orUpdate(['service_id', 'registration', 'content_hash', 'modify_index'], ['node', 'check_id'])
      .execute();
  };
  return { topic: 'check', key: recordKey(node, id), operation: 'upsert', contentHash, write };
};

export const removeCheck = (row: HealthCheckRow): StagedChange => ({
  topic: 'check',
  key: recordKey(row.node, row.checkId),
  operation: 'delete',
  contentHash: row.contentHash,
  write: async (manager) => {
    await manager.delete(HealthCheckRow, { node: row.node, checkId: row.checkId });
  },
});
