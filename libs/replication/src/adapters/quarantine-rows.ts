import type { EpochMs, ErrorCode, StateIndex } from '@banyan/kernel';
import { bigintAsStateIndex, timestamptzAsEpochMs } from '@banyan/store';
import { Column, Entity, type EntityManager, PrimaryColumn } from 'typeorm';
import type { QuarantinedRecord } from '../domain/replication-status.js';

/** A record of the source that was refused here; what is stored of it, if anything, is its last good version. */
@Entity('replication_quarantine')
export class ReplicationQuarantineRow {
  @PrimaryColumn({ name: 'topic', type: 'text' }) topic!: string;
  @PrimaryColumn({ name: 'key', type: 'text' }) key!: string;
  @Column({ name: 'stream', type: 'text' }) stream!: string;
  @Column({ name: 'content_hash', type: 'text' }) contentHash!: string;
  @Column({ name: 'code', type: 'text' }) code!: ErrorCode;
  @Column({ name: 'reason', type: 'text' }) reason!: string;
  @Column({ name: 'epoch', type: 'uuid' }) epoch!: string;
  @Column({ name: 'index', type: 'bigint', transformer: bigintAsStateIndex }) index!: StateIndex;
  @Column({ name: 'since', type: 'timestamptz', transformer: timestamptzAsEpochMs }) since!: EpochMs;
}

/** The record as it is shown. */
export const quarantinedOf = (row: ReplicationQuarantineRow): QuarantinedRecord => ({
  stream: row.stream,
  topic: row.topic,
  key: row.key,
  contentHash: row.contentHash,
  code: row.code,
  reason: row.reason,
  since: row.since,
});

/** Sets a record aside; one that is there already with the same content keeps its date. */
export const setAside = async (manager: EntityManager, row: ReplicationQuarantineRow): Promise<void> => {
  await manager.query(
    `INSERT INTO replication_quarantine AS q (topic, key, stream, content_hash, code, reason, epoch, index, since)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     ON CONFLICT (topic, key) DO UPDATE SET content_hash = excluded.content_hash, code = excluded.code,
       reason = excluded.reason, epoch = excluded.epoch, index = excluded.index,
       since = CASE WHEN q.content_hash = excluded.content_hash THEN q.since ELSE excluded.since END`,
    [
      row.topic,
      row.key,
      row.stream,
      row.contentHash,
      row.code,
      row.reason.slice(0, 1_000),
      row.epoch,
      row.index,
      new Date(row.since),
    ],
  );
};
