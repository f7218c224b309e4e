import { BanyanError, type EpochMs } from '@banyan/kernel';
import type { ReplicatedItem, ReplicatedTopic } from '@banyan/store';
import { Any } from 'typeorm';
import { z } from 'zod';
import { roleSchema } from '../domain/role-schema.js';
import { tokenBody, tokenContentHash, type TokenRecord } from '../domain/token-record.js';
import { tokenOf, TokenRow } from './token-row.js';
import { lockTokens, stageToken, stageTokenRemoval } from './token-writes.js';

const recordSchema = z.strictObject({
  accessorId: z.uuid(),
  secretHash: z.string().regex(/^[0-9a-f]{64}$/),
  role: roleSchema,
  description: z.string().max(512),
  createTime: z
    .int()
    .min(0)
    .transform((value) => value as EpochMs),
});

const itemOf = (row: TokenRow): ReplicatedItem => ({
  key: row.accessorId,
  contentHash: row.contentHash,
  body: tokenBody(tokenOf(row)),
});

/** The token of an item. Throws `REQUEST_INVALID`; an unknown role is refused, never narrowed or widened. */
const recordOfItem = (item: ReplicatedItem): TokenRecord => {
  const parsed = recordSchema.safeParse(item.body);
  if (!parsed.success || parsed.data.accessorId !== item.key || tokenContentHash(parsed.data) !== item.contentHash) {
    throw new BanyanError('REQUEST_INVALID', 'a replicated token does not follow its schema, key or hash', {
      fields: { key: item.key },
    });
  }
  return parsed.data;
};

/** How tokens cross the WAN: hashes, never secrets. */
export const tokenReplica: ReplicatedTopic = {
  topic: 'token',
  snapshot: async (manager) => (await manager.find(TokenRow)).map(itemOf),
  count: (manager) => manager.count(TokenRow),
  read: async (manager, keys) => (await manager.find(TokenRow, { where: { accessorId: Any([...keys]) } })).map(itemOf),
  stage: async (tx, item) => {
    const record = recordOfItem(item);
    await lockTokens(tx);
    const row = await tx.manager.findOne(TokenRow, { where: { accessorId: item.key } });
    if (row?.contentHash === item.contentHash) return false;
    stageToken(tx, record);
    return true;
  },
  stageDelete: async (tx, key) => {
    await lockTokens(tx);
    const row = await tx.manager.findOne(TokenRow, { where: { accessorId: key } });
    if (row === null) return false;
    stageTokenRemoval(tx, row);
    return true;
  },
};
