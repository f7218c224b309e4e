import type { EpochMs, StateIndex } from '@banyan/kernel';
import { bigintAsStateIndex, timestamptzAsEpochMs } from '@banyan/store';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { CheckState } from '../domain/check.js';
import type { CheckRecord, NodeRecord, ServiceRecord } from '../domain/records.js';
import type { ServiceInstance } from '../domain/service-instance.js';

/** A host. `lastSeen` is not content: it changes without an index. */
@Entity({ name: 'node' })
export class NodeRow {
  @PrimaryColumn({ name: 'name', type: 'text' })
  name: string;

  @Column({ name: 'id', type: 'uuid' })
  id: string;

  @Column({ name: 'address', type: 'text' })
  address: string;

  @Column({ name: 'meta', type: 'jsonb' })
  meta: Readonly<Record<string, string>>;

  @Column({ name: 'last_seen', type: 'timestamptz', transformer: timestamptzAsEpochMs })
  lastSeen: EpochMs;

  @Column({ name: 'content_hash', type: 'text' })
  contentHash: string;

  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex })
  createIndex: StateIndex;

  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex })
  modifyIndex: StateIndex;
}

/** A service on a node. */
@Entity({ name: 'service_instance' })
export class ServiceInstanceRow {
  @PrimaryColumn({ name: 'node', type: 'text' })
  node: string;

  @PrimaryColumn({ name: 'id', type: 'text' })
  id: string;

  /** The service's name, beside the registration that has it too: for people and indexes. */
  @Column({ name: 'name', type: 'text' })
  name: string;

  @Column({ name: 'registration', type: 'jsonb' })
  registration: ServiceInstance;

  @Column({ name: 'content_hash', type: 'text' })
  contentHash: string;

  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex })
  createIndex: StateIndex;

  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex })
  modifyIndex: StateIndex;
}

/** A check of a node or of a service on it. */
@Entity({ name: 'health_check' })
export class HealthCheckRow {
  @PrimaryColumn({ name: 'node', type: 'text' })
  node: string;

  @PrimaryColumn({ name: 'check_id', type: 'text' })
  checkId: string;

  /** Empty for a check of the node. */
  @Column({ name: 'service_id', type: 'text' })
  serviceId: string;

  @Column({ name: 'registration', type: 'jsonb' })
  registration: CheckState;

  @Column({ name: 'content_hash', type: 'text' })
  contentHash: string;

  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex })
  createIndex: StateIndex;

  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex })
  modifyIndex: StateIndex;
}

/** What `openStore` has to know of this room. */
export const CATALOG_ENTITIES = [NodeRow, ServiceInstanceRow, HealthCheckRow] as const;

export const nodeOf = (row: NodeRow): NodeRecord => ({
  node: { Node: row.name, ID: row.id, Address: row.address, Meta: row.meta },
  createIndex: row.createIndex,
  modifyIndex: row.modifyIndex,
});

export const serviceOf = (row: ServiceInstanceRow): ServiceRecord => ({
  node: row.node,
  service: row.registration,
  createIndex: row.createIndex,
  modifyIndex: row.modifyIndex,
});

export const checkOf = (row: HealthCheckRow): CheckRecord => ({
  node: row.node,
  check: row.registration,
  createIndex: row.createIndex,
  modifyIndex: row.modifyIndex,
});
