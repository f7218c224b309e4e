import type { EpochMs, StateIndex } from '@banyan/kernel';
import { bigintAsStateIndex, timestamptzAsEpochMs } from '@banyan/store';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A datacenter; its report is refreshed every few seconds, outside the commit log. */
@Entity('datacenter')
export class DatacenterRow {
  @PrimaryColumn({ name: 'name', type: 'text' }) name!: string;
  @Column({ name: 'wan_address', type: 'text' }) wanAddress!: string;
  @Column({ name: 'is_primary', type: 'boolean' }) isPrimary!: boolean;
  @Column({ name: 'report', type: 'jsonb', nullable: true }) report!: unknown;
  @Column({ name: 'reported_at', type: 'timestamptz', nullable: true, transformer: timestamptzAsEpochMs })
  reportedAt!: EpochMs | null;
  @Column({ name: 'content_hash', type: 'text' }) contentHash!: string;
  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex }) createIndex!: StateIndex;
  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex }) modifyIndex!: StateIndex;
}
