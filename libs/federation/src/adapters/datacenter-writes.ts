import { contentHash, type JsonValue } from '@banyan/kernel';
import type { StagedChange } from '@banyan/store';
import type { DatacenterRecord } from '../domain/datacenter-record.js';
import { DatacenterRow } from './datacenter.row.js';

export const datacenterBody = (record: DatacenterRecord): JsonValue => ({
  name: record.name,
  wanAddress: record.wanAddress,
  isPrimary: record.isPrimary,
});

/** Stages the record; what it last reported is kept. */
export const writeDatacenter = (record: DatacenterRecord): StagedChange => {
  const hash = contentHash(datacenterBody(record));
  return {
    topic: 'datacenter',
    key: record.name,
    operation: 'upsert',
    contentHash: hash,
    write: async (manager, index) => {
      await manager.query(
        `INSERT INTO datacenter (name, wan_address, is_primary, content_hash, create_index, modify_index)
         VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (name) DO UPDATE
         SET wan_address = $2, is_primary = $3, content_hash = $4, modify_index = $5`,
        [record.name, record.wanAddress, record.isPrimary, hash, index],
      );
    },
  };
};

export const deleteDatacenter = (row: DatacenterRow): StagedChange => ({
  topic: 'datacenter',
  key: row.name,
  operation: 'delete',
  contentHash: row.contentHash,
  write: async (manager) => {
    await manager.delete(DatacenterRow, { name: row.name });
  },
});
