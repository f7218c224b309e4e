import type { EpochMs, StateIndex } from '@banyan/kernel';
import { bigintAsStateIndex, timestamptzAsEpochMs } from '@banyan/store';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A key that nobody may believe any more; the same in every datacenter. */
@Entity('denied_key')
export class DeniedKeyRow {
  @PrimaryColumn({ name: 'key_fingerprint_sha256', type: 'text' }) keyFingerprint!: string;
  @Column({ name: 'reason', type: 'text' }) reason!: string;
  @Column({ name: 'since', type: 'timestamptz', transformer: timestamptzAsEpochMs }) since!: EpochMs;
  @Column({ name: 'ends_at', type: 'timestamptz', transformer: timestamptzAsEpochMs }) endsAt!: EpochMs;
  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex }) createIndex!: StateIndex;
  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex }) modifyIndex!: StateIndex;
}
