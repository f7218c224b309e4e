import type { StateIndex } from '@banyan/kernel';
import { bigintAsStateIndex } from '@banyan/store';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { IndexedServiceIntentions, IntentionSource } from '../domain/intention.js';

/** One entry: all sources of one destination. */
@Entity({ name: 'service_intentions' })
export class ServiceIntentionsRow {
  @PrimaryColumn({ name: 'name', type: 'text' })
  name: string;

  @Column({ name: 'sources', type: 'jsonb' })
  sources: readonly IntentionSource[];

  @Column({ name: 'meta', type: 'jsonb', nullable: true })
  meta: Readonly<Record<string, string>> | null;

  @Column({ name: 'content_hash', type: 'text' })
  contentHash: string;

  @Column({ name: 'create_index', type: 'bigint', transformer: bigintAsStateIndex })
  createIndex: StateIndex;

  @Column({ name: 'modify_index', type: 'bigint', transformer: bigintAsStateIndex })
  modifyIndex: StateIndex;
}

/** The entry a row holds. */
export const entryOf = (row: ServiceIntentionsRow): IndexedServiceIntentions => ({
  name: row.name,
  sources: row.sources,
  ...(row.meta === null ? {} : { meta: row.meta }),
  createIndex: row.createIndex,
  modifyIndex: row.modifyIndex,
});
