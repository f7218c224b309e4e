import { type EpochMs, type ErrorCode, type StateIndex } from '@banyan/kernel';
import { bigintAsStateIndex, timestamptzAsEpochMs } from '@banyan/store';
import { Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';
import type { Deletion } from '../domain/deletion-guard.js';
import type { StreamHold } from '../domain/replication-status.js';

/** What is held of a stream. Survives restarts; any server of the datacenter can confirm it. */
@Entity('replication_hold')
export class ReplicationHoldRow {
  @PrimaryColumn({ name: 'stream', type: 'text' }) stream!: string;
  @Column({ name: 'code', type: 'text' }) code!: ErrorCode;
  @Column({ name: 'reason', type: 'text' }) reason!: string;
  @Column({ name: 'hash', type: 'text' }) hash!: string;
  @Column({ name: 'deletions', type: 'jsonb' }) deletions!: readonly Deletion[];
  @Column({ name: 'local_count', type: 'int' }) localCount!: number;
  @Column({ name: 'epoch', type: 'uuid' }) epoch!: string;
  @Column({ name: 'index', type: 'bigint', transformer: bigintAsStateIndex }) index!: StateIndex;
  /** Somebody confirmed this hash: the next snapshot with the same difference is applied. */
  @Column({ name: 'approved', type: 'boolean', default: false }) approved!: boolean;
  @Column({ name: 'since', type: 'timestamptz', transformer: timestamptzAsEpochMs }) since!: EpochMs;
}

/** The hold of a stream, locked until the transaction ends: a round and a confirmation do not cross. */
export const lockHold = async (manager: EntityManager, stream: string): Promise<ReplicationHoldRow | null> => {
  await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`banyan.replication-hold:${stream}`]);
  return manager.findOne(ReplicationHoldRow, { where: { stream } });
};

/** The hold as it is shown. */
export const holdOf = (row: ReplicationHoldRow): StreamHold => ({
  stream: row.stream,
  code: row.code,
  reason: row.reason,
  hash: row.hash,
  deletions: row.deletions,
  localCount: row.localCount,
  since: row.since,
});
