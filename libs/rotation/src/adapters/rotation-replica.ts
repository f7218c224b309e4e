import { BanyanError, contentHash, type JsonValue } from '@banyan/kernel';
import type { ReplicatedItem, ReplicatedTopic } from '@banyan/store';
import { In } from 'typeorm';
import { rotationSchema } from '../domain/rotation.js';
import { RotationRow } from './rotation-row.js';
import { insertRotation, updateRotation } from './rotation-writes.js';

const itemOf = (row: RotationRow): ReplicatedItem => ({
  key: row.id,
  contentHash: row.contentHash,
  body: row.record as JsonValue,
});

/** Every datacenter shows the rotations, also while the primary cannot be reached. Orders stay where they are. */
export const rotationReplica: ReplicatedTopic = {
  topic: 'rotation',
  snapshot: async (manager) => (await manager.find(RotationRow)).map(itemOf),
  read: async (manager, keys) => (await manager.find(RotationRow, { where: { id: In([...keys]) } })).map(itemOf),
  stage: async (tx, item) => {
    const parsed = rotationSchema.safeParse(item.body);
    if (!parsed.success || parsed.data.id !== item.key || contentHash(item.body) !== item.contentHash) {
      throw new BanyanError(
        'REQUEST_INVALID',
        `the replicated rotation ${item.key} does not follow its schema, its key or its hash`,
      );
    }
    const stored = await tx.manager.findOne(RotationRow, { where: { id: item.key } });
    if (stored?.contentHash === item.contentHash) return false;
    tx.stage(stored === null ? insertRotation(parsed.data, null) : updateRotation(parsed.data, stored.revision));
    return true;
  },
  stageDelete: async (tx, key) => {
    const stored = await tx.manager.findOne(RotationRow, { where: { id: key } });
    if (stored === null) return false;
    tx.stage({
      topic: 'rotation',
      key,
      operation: 'delete',
      contentHash: stored.contentHash,
      write: async (manager) => {
        await manager.delete(RotationRow, { id: key });
      },
    });
    return true;
  },
};
