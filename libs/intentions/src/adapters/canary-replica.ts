import { BanyanError, type Clock, epochMs } from '@banyan/kernel';
import type { Fence, ReplicatedItem, ReplicatedTopic, Store, Transaction } from '@banyan/store';
import type { EntityManager } from 'typeorm';
import { z } from 'zod';
import { type Canary, canaryBody, canaryHash, CANARY_NAME } from '../domain/canary.js';
import { CanaryRow } from './canary-row.js';

const bodySchema = z.strictObject({ sequence: z.int().min(1), writtenAt: z.int().min(0) });

const stageCanary = (tx: Transaction, canary: Canary): void => {
  const contentHash = canaryHash(canary);
  tx.stage({
    topic: 'canary',
    key: CANARY_NAME,
    operation: 'upsert',
    contentHash,
    write: async (manager, index) => {
      await manager.query(
        `INSERT INTO intention_canary (id, sequence, written_at, content_hash, create_index, modify_index)
         VALUES (1, $1, $2, $3, $4, $4)
         ON CONFLICT (id) DO UPDATE SET sequence = $1, written_at = $2, content_hash = $3, modify_index = $4`,
        [canary.sequence, new Date(canary.writtenAt), contentHash, index],
      );
    },
  });
};

const read = async (manager: EntityManager): Promise<ReplicatedItem[]> =>
  (await manager.find(CanaryRow)).map((row) => ({
    key: CANARY_NAME,
    contentHash: row.contentHash,
    body: canaryBody(row),
  }));

/** How the canary crosses the WAN: with everything else. */
export const canaryReplica: ReplicatedTopic = {
  topic: 'canary',
  snapshot: read,
  count: (manager) => manager.count(CanaryRow),
  read,
  stage: async (tx, item) => {
    const parsed = bodySchema.safeParse(item.body);
    const canary = parsed.success ? { ...parsed.data, writtenAt: epochMs(parsed.data.writtenAt) } : undefined;
    if (canary === undefined || item.key !== CANARY_NAME || canaryHash(canary) !== item.contentHash) {
      throw new BanyanError('REQUEST_INVALID', 'the replicated canary does not follow its schema, key or hash');
    }
    const row = await tx.manager.findOne(CanaryRow, { where: { id: 1 } });
    if (row?.contentHash === item.contentHash) return false;
    stageCanary(tx, canary);
    return true;
  },
  // A canary is only ever replaced.
  stageDelete: () => Promise.resolve(false),
};

/** Writes the next canary. In the primary, by the holder of the lease. */
export const writeCanary = async (store: Store, clock: Clock, fence: Fence): Promise<Canary> => {
  const { value } = await store.run(
    async (tx) => {
      const row = await tx.manager.findOne(CanaryRow, { where: { id: 1 }, lock: { mode: 'pessimistic_write' } });
      const canary = { sequence: (row?.sequence ?? 0) + 1, writtenAt: clock.now() };
      stageCanary(tx, canary);
      return canary;
    },
    { fence },
  );
  return value;
};
