import type { EpochMs, StateIndex } from '@banyan/kernel';
import { bigintAsNumber, bigintAsStateIndex, timestamptzAsEpochMs } from '@banyan/store';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { canaryEntry } from '../domain/canary.js';
import type { IndexedServiceIntentions } from '../domain/intention.js';

/** The one canary: its row is written anew each time. */
@Entity({ name: 'intention_canary' })
export class CanaryRow {
  @PrimaryColumn({ name: 'id', type: 'smallint' })
  id: number;

  @Column({ name: 'sequence', type: 'bigint', transformer: bigintAsNumber })
  sequence: number;

  @Column({ name: 'written_at', type: 'timestamptz', transformer: timestamptzAsEpochMs })
  writtenAt: EpochMs;

  @Column({ name: 'content_hash', type: 'text' })
  contentHash: string;

  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex })
  createIndex: StateIndex;

  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex })
  modifyIndex: StateIndex;
}

/** The entry that a decision engine is given for it. */
export const canaryEntryOf = (row: CanaryRow): IndexedServiceIntentions => ({
  ...canaryEntry(row),
  createIndex: row.createIndex,
  modifyIndex: row.modifyIndex,
});
