import { CA_REPLICAS } from '@banyan/ca';
import { BanyanError, parsedJson } from '@banyan/kernel';
import type { Fence, Store } from '@banyan/store';
import { z } from 'zod';

const itemSchema = z.object({
  topic: z.string().max(64),
  key: z.string().max(256),
  contentHash: z.string().max(128),
  body: z.json(),
});

/** 64 roots, 64 transitions, 256 denied keys, and room. */
const MOST_ITEMS = 1_024;

/** The public state of the CA, as first contact hands it over: what the change feed carries of it later. */
export const bundleJson = async (store: Store): Promise<string> => {
  const items = await store.dataSource.transaction('REPEATABLE READ', async (manager) => {
    const all: object[] = [];
    for (const replica of CA_REPLICAS) {
      for (const item of await replica.snapshot(manager)) all.push({ topic: replica.topic, ...item });
    }
    return all;
  });
  return JSON.stringify(items);
};

/** The items of a bundle. Throws `REQUEST_INVALID`. */
export const readBundleItems = (json: string): z.output<typeof itemSchema>[] => {
  const parsed = z.array(itemSchema).max(MOST_ITEMS).safeParse(parsedJson(json));
  if (!parsed.success) throw new BanyanError('REQUEST_INVALID', 'the bundle of the primary does not follow its schema');
  return parsed.data;
};

/**
 * Takes over what first contact handed over, as a whole or not at all. Returns the index at which it is visible here.
 * Throws `REQUEST_INVALID`, `LEASE_LOST`, or `TRUST_DOMAIN_MISMATCH` when another trust domain is stored here.
 */
export const adoptBundle = async (store: Store, json: string, fence: Fence): Promise<number> => {
  const items = readBundleItems(json);
  const { index } = await store.run(
    async (tx) => {
      for (const replica of CA_REPLICAS) {
        for (const { topic, ...item } of items) if (topic === replica.topic) await replica.stage(tx, item);
      }
    },
    { fence },
  );
  return index;
};
