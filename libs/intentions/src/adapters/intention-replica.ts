import { BanyanError } from '@banyan/kernel';
import type { ReplicatedItem, ReplicatedTopic } from '@banyan/store';
import { Any } from 'typeorm';
import { z } from 'zod';
import { checkedEntry, entryBody, entryContentHash, MAX_SOURCES } from '../domain/compose-entry.js';
import type { ServiceIntentions } from '../domain/intention.js';
import { l7PermissionSchema } from '../domain/l7-permission.js';
import { lockEntry, stageEntry, stageRemoval } from './entry-writes.js';
import { entryOf, ServiceIntentionsRow } from './service-intentions-row.js';

const entrySchema = z.strictObject({
  name: z.string().max(256),
  sources: z
    .array(
      z.strictObject({
        name: z.string().max(256),
        action: z.enum(['allow', 'deny']).exactOptional(),
        permissions: z.array(l7PermissionSchema).max(1_024).exactOptional(),
        description: z.string().max(4_096).exactOptional(),
        type: z.literal('consul'),
        precedence: z.int(),
      }),
    )
    .max(MAX_SOURCES),
  meta: z.record(z.string().max(1_024), z.string().max(4_096)).exactOptional(),
});

const itemOf = (row: ServiceIntentionsRow): ReplicatedItem => ({
  key: row.name,
  contentHash: row.contentHash,
  body: entryBody(withoutIndexes(row)),
});

const withoutIndexes = (row: ServiceIntentionsRow): ServiceIntentions => {
  const { name, sources, meta } = entryOf(row);
  return { name, sources, ...(meta === undefined ? {} : { meta }) };
};

/** The entry of an item, by the same rules as a local write. Throws `REQUEST_INVALID`, `INTENTION_INVALID`. */
const entryOfItem = (item: ReplicatedItem): ServiceIntentions => {
  const parsed = entrySchema.safeParse(item.body);
  const entry = parsed.success ? checkedEntry(parsed.data) : undefined;
  if (entry === undefined || entry.name !== item.key || entryContentHash(entry) !== item.contentHash) {
    throw new BanyanError('REQUEST_INVALID', 'a replicated intention entry does not follow its schema, key or hash', {
      fields: { key: item.key },
    });
  }
  return entry;
};

/** How intention entries cross the WAN. */
export const intentionReplica: ReplicatedTopic = {
  topic: 'intention',
  snapshot: async (manager) => (await manager.find(ServiceIntentionsRow)).map(itemOf),
  count: (manager) => manager.count(ServiceIntentionsRow),
  read: async (manager, keys) =>
    (await manager.find(ServiceIntentionsRow, { where: { name: Any([...keys]) } })).map(itemOf),
  stage: async (tx, item) => {
    const entry = entryOfItem(item);
    const row = await lockEntry(tx, item.key);
    if (row?.contentHash === item.contentHash) return false;
    stageEntry(tx, entry);
    return true;
  },
  stageDelete: async (tx, key) => {
    const row = await lockEntry(tx, key);
    if (row === null) return false;
    stageRemoval(tx, row);
    return true;
  },
};
