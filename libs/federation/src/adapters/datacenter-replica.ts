import { BanyanError, contentHash } from '@banyan/kernel';
import type { ReplicatedItem, ReplicatedTopic } from '@banyan/store';
import { In } from 'typeorm';
import { z } from 'zod';
import { DatacenterRow } from './datacenter.row.js';
import { datacenterBody, deleteDatacenter, writeDatacenter } from './datacenter-writes.js';

const body = z.strictObject({
  name: z.string().min(1).max(64),
  wanAddress: z.string().max(4_096),
  isPrimary: z.boolean(),
});

const itemOf = (row: DatacenterRow): ReplicatedItem => ({
  key: row.name,
  contentHash: row.contentHash,
  body: datacenterBody(row),
});

/** Every datacenter knows how to reach every other. */
export const datacenterReplica: ReplicatedTopic = {
  topic: 'datacenter',
  snapshot: async (manager) => (await manager.find(DatacenterRow)).map(itemOf),
  count: (manager) => manager.count(DatacenterRow),
  read: async (manager, keys) => (await manager.find(DatacenterRow, { where: { name: In([...keys]) } })).map(itemOf),
  stage: async (tx, item) => {
    const parsed = body.safeParse(item.body);
    if (!parsed.success || contentHash(item.body) !== item.contentHash) {
      throw new BanyanError(
        'REQUEST_INVALID',
        `the replicated datacenter ${item.key} does not follow its schema or its hash`,
      );
    }
    const stored = await tx.manager.findOne(DatacenterRow, { where: { name: item.key } });
    if (stored?.contentHash === item.contentHash) return false;
    tx.stage(writeDatacenter(parsed.data));
    return true;
  },
  stageDelete: async (tx, key) => {
    const stored = await tx.manager.findOne(DatacenterRow, { where: { name: key } });
    if (stored === null) return false;
    tx.stage(deleteDatacenter(stored));
    return true;
  },
};
