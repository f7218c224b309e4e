import { BanyanError, contentHash, type EpochMs, epochMs, type JsonValue } from '@banyan/kernel';
import type { ReplicatedItem, ReplicatedTopic, StagedChange, Transaction } from '@banyan/store';
import { In } from 'typeorm';
import { z } from 'zod';
import { type DeniedKey, type KeyDenial, MOST_DENIAL_REASON, MOST_DENIED_KEYS } from '../domain/denied-key.js';
import { DeniedKeyRow } from './denied-key.row.js';

const bodyOf = ({ keyFingerprint, reason, since, endsAt }: DeniedKey): JsonValue => ({
  keyFingerprint,
  reason,
  since,
  endsAt,
});

const hashOf = (key: DeniedKey): string => contentHash(bodyOf(key));

const writeDeniedKey = (key: DeniedKey): StagedChange => ({
  topic: 'denied-key',
  key: key.keyFingerprint,
  operation: 'upsert',
  contentHash: hashOf(key),
  write: async (manager, index) => {
    const where = { keyFingerprint: key.keyFingerprint };
    const { createIndex } = (await manager.findOne(DeniedKeyRow, { where })) ?? { createIndex: index };
    const { keyFingerprint, reason, since, endsAt } = key;
    const row = { keyFingerprint, reason, since, endsAt, createIndex, modifyIndex: index };
    await manager.upsert(DeniedKeyRow, row, ['keyFingerprint']);
  },
});

const deleteDeniedKey = (key: DeniedKey): StagedChange => ({
  topic: 'denied-key',
  key: key.keyFingerprint,
  operation: 'delete',
  contentHash: hashOf(key),
  write: async (manager) => {
    await manager.delete(DeniedKeyRow, { keyFingerprint: key.keyFingerprint });
  },
});

/**
 * Stages the denial of a key; entries that have ended go in the same transaction. One that is denied already stays as it
 * is, with the later of the two ends. Throws `DENIED_KEYS_FULL`.
 */
export const stageDeniedKey = async (tx: Transaction, denial: KeyDenial, now: EpochMs): Promise<void> => {
  const stored = await tx.manager.find(DeniedKeyRow, { lock: { mode: 'pessimistic_write' } });
  const known = stored.find(({ keyFingerprint }) => keyFingerprint === denial.keyFingerprint);
  if (known !== undefined && known.endsAt >= denial.endsAt) return;
  const ended = stored.filter((row) => row !== known && row.endsAt < now);
  if (known === undefined && stored.length - ended.length >= MOST_DENIED_KEYS) {
    throw new BanyanError(
      'DENIED_KEYS_FULL',
      `${MOST_DENIED_KEYS} keys are denied already, and none of them has ended`,
    );
  }
  for (const row of ended) tx.stage(deleteDeniedKey(row));
  const reason = known?.reason ?? denial.reason.slice(0, MOST_DENIAL_REASON);
  tx.stage(writeDeniedKey({ ...denial, reason, since: known?.since ?? now }));
};

const body = z.strictObject({
  keyFingerprint: z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/),
  reason: z.string().max(MOST_DENIAL_REASON),
  since: z.int().min(0),
  endsAt: z.int().min(0),
});

const parseItem = (item: ReplicatedItem): DeniedKey => {
  const parsed = body.safeParse(item.body);
  if (parsed.success && contentHash(item.body) === item.contentHash && parsed.data.keyFingerprint === item.key) {
    return { ...parsed.data, since: epochMs(parsed.data.since), endsAt: epochMs(parsed.data.endsAt) };
  }
  throw new BanyanError('REQUEST_INVALID', `the replicated record ${item.key} does not follow its schema or its hash`, {
    fields: { key: item.key },
  });
};

const itemOf = (row: DeniedKeyRow): ReplicatedItem => ({
  key: row.keyFingerprint,
  contentHash: hashOf(row),
  body: bodyOf(row),
});

/** Denied keys in every datacenter, so that a thief is believed nowhere. */
export const deniedKeyReplica: ReplicatedTopic = {
  topic: 'denied-key',
  snapshot: async (manager) => (await manager.find(DeniedKeyRow)).map(itemOf),
  read: async (manager, keys) =>
    (await manager.find(DeniedKeyRow, { where: { keyFingerprint: In([...keys]) } })).map(itemOf),
  stage: async (tx, item) => {
    const denied = parseItem(item);
    const stored = await tx.manager.findOne(DeniedKeyRow, { where: { keyFingerprint: item.key } });
    if (stored !== null && hashOf(stored) === item.contentHash) return false;
    tx.stage(writeDeniedKey(denied));
    return true;
  },
  stageDelete: async (tx, key) => {
    const stored = await tx.manager.findOne(DeniedKeyRow, { where: { keyFingerprint: key } });
    if (stored === null) return false;
    tx.stage(deleteDeniedKey(stored));
    return true;
  },
};
