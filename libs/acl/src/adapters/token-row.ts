import type { EpochMs, StateIndex } from '@banyan/kernel';
import { bigintAsStateIndex, timestamptzAsEpochMs } from '@banyan/store';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Role } from '../domain/caller.js';
import type { IndexedTokenRecord } from '../domain/token-record.js';

/** One token; its secret only as a hash. */
@Entity({ name: 'acl_token' })
export class TokenRow {
  @PrimaryColumn({ name: 'accessor_id', type: 'uuid' })
  accessorId: string;

  @Column({ name: 'secret_hash', type: 'text' })
  secretHash: string;

  @Column({ name: 'role', type: 'jsonb' })
  role: Role;

  @Column({ name: 'description', type: 'text' })
  description: string;

  @Column({ name: 'create_time', type: 'timestamptz', transformer: timestamptzAsEpochMs })
  createTime: EpochMs;

  @Column({ name: 'content_hash', type: 'text' })
  contentHash: string;

  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex })
  createIndex: StateIndex;

  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex })
  modifyIndex: StateIndex;
}

/** The record a row holds. */
export const tokenOf = (row: TokenRow): IndexedTokenRecord => ({
  accessorId: row.accessorId,
  secretHash: row.secretHash,
  role: row.role,
  description: row.description,
  createTime: row.createTime,
  createIndex: row.createIndex,
  modifyIndex: row.modifyIndex,
});
