import type { EpochMs, StateIndex } from '@banyan/kernel';
import { bigintAsStateIndex, timestamptzAsEpochMs } from '@banyan/store';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** How far a feed is applied here; written in the transaction of the rows it stands for. */
@Entity('replication_cursor')
export class ReplicationCursorRow {
  @PrimaryColumn({ name: 'stream', type: 'text' }) stream!: string;
  @Column({ name: 'source_datacenter', type: 'text' }) sourceDatacenter!: string;
  @Column({ name: 'epoch', type: 'uuid' }) epoch!: string;
  @Column({ name: 'index', type: 'bigint', transformer: bigintAsStateIndex }) index!: StateIndex;
  /** What the source had committed under `index`; empty when it did not tell. */
  @Column({ name: 'log_hash', type: 'text', default: '' }) logHash!: string;
  @Column({ name: 'applied_at', type: 'timestamptz', transformer: timestamptzAsEpochMs }) appliedAt!: EpochMs;
}
