import type { StateIndex } from '@banyan/kernel';
import { bigintAsNumber, bigintAsStateIndex } from '@banyan/store';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { type Rotation, rotationSchema } from '../domain/rotation.js';

/** One rotation. `record` is the whole of it; the columns beside it are for the database's own use. */
@Entity('rotation')
export class RotationRow {
  @PrimaryColumn({ name: 'id', type: 'uuid' }) id!: string;
  @Column({ name: 'revision', type: 'bigint', transformer: bigintAsNumber }) revision!: number;
  @Column({ name: 'finished', type: 'boolean' }) finished!: boolean;
  @Column({ name: 'record', type: 'jsonb' }) record!: unknown;
  /** The order with its secrets, until its root is active; the primary's only. */
  @Column({ name: 'sealed_order', type: 'text', nullable: true }) sealedOrder!: string | null;
  @Column({ name: 'content_hash', type: 'text' }) contentHash!: string;
  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex }) createIndex!: StateIndex;
  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex }) modifyIndex!: StateIndex;
}

/** The record of a row, checked: what another version wrote is refused rather than guessed at. */
export const rotationOf = (row: RotationRow): Rotation => rotationSchema.parse(row.record);
