import type { EpochMs, StateIndex } from '@banyan/kernel';
import { bigintAsStateIndex, timestamptzAsEpochMs } from '@banyan/store';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What is remembered of a root that has left the bundle; all of it public. Without certificates it is a tombstone. */
@Entity('root_transition')
export class RootTransitionRow {
  @PrimaryColumn({ name: 'from_fingerprint_sha256', type: 'text' }) fromFingerprint!: string;
  @Column({ name: 'kind', type: 'text' }) kind!: 'vouched' | 'tainted' | 'unvouched';
  @Column({ name: 'from_certificate_pem', type: 'text', nullable: true }) fromPem!: string | null;
  @Column({ name: 'cross_signed_pem', type: 'text', nullable: true }) crossSignedPem!: string | null;
  @Column({ name: 'next_fingerprint_sha256', type: 'text', nullable: true }) nextFingerprint!: string | null;
  /** Of the root that has gone. */
  @Column({ name: 'generation', type: 'int' }) generation!: number;
  /** When it was rotated out. */
  @Column({ name: 'at', type: 'timestamptz', transformer: timestamptzAsEpochMs }) at!: EpochMs;
  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex }) createIndex!: StateIndex;
  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex }) modifyIndex!: StateIndex;
}
