import { BanyanError, contentHash, epochMs, type JsonValue } from '@banyan/kernel';
import { Certificate, type RootTransition } from '@banyan/pki';
import type { ReplicatedItem, ReplicatedTopic, StagedChange } from '@banyan/store';
import { In } from 'typeorm';
import { z } from 'zod';
import { RootTransitionRow } from './root-transition.row.js';

/** The content of a record, without its indexes; the same in every datacenter. */
export type RootTransitionContent = Omit<RootTransitionRow, 'createIndex' | 'modifyIndex'>;

const bodyOf = (content: RootTransitionContent): JsonValue => ({
  fromFingerprint: content.fromFingerprint,
  kind: content.kind,
  fromPem: content.fromPem,
  crossSignedPem: content.crossSignedPem,
  nextFingerprint: content.nextFingerprint,
  generation: content.generation,
  at: content.at,
});

export const writeTransition = (content: RootTransitionContent): StagedChange => ({
  topic: 'root-transition',
  key: content.fromFingerprint,
  operation: 'upsert',
  contentHash: contentHash(bodyOf(content)),
  write: async (manager, index) => {
    const where = { fromFingerprint: content.fromFingerprint };
    const { createIndex } = (await manager.findOne(RootTransitionRow, { where })) ?? { createIndex: index };
    await manager.upsert(RootTransitionRow, { ...content, createIndex, modifyIndex: index }, ['fromFingerprint']);
  },
});

export const deleteTransition = (content: RootTransitionContent): StagedChange => ({
  topic: 'root-transition',
  key: content.fromFingerprint,
  operation: 'delete',
  contentHash: contentHash(bodyOf(content)),
  write: async (manager) => {
    await manager.delete(RootTransitionRow, { fromFingerprint: content.fromFingerprint });
  },
});

/** The record as those read it who look for a way from a root they know. */
export const transitionOf = (row: RootTransitionContent): RootTransition => {
  const { kind, fromFingerprint, fromPem, crossSignedPem, nextFingerprint } = row;
  if (kind !== 'vouched') return { kind, fromFingerprint };
  if (fromPem === null || crossSignedPem === null || nextFingerprint === null) {
    throw new BanyanError('INTERNAL', `the transition from root ${fromFingerprint} is incomplete`);
  }
  const [from, crossSigned] = [Certificate.fromPem(fromPem), Certificate.fromPem(crossSignedPem)];
  return { kind, from, crossSigned, nextFingerprint };
};

const pem = z.string().max(64 * 1024);
const fingerprint = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/);
const place = { fromFingerprint: fingerprint, generation: z.int().min(1), at: z.int().min(0) };
const body = z.discriminatedUnion('kind', [
  z.strictObject({
    ...place,
    kind: z.literal('vouched'),
    fromPem: pem,
    crossSignedPem: pem,
    nextFingerprint: fingerprint,
  }),
  z.strictObject({
    ...place,
    kind: z.enum(['tainted', 'unvouched']),
    fromPem: z.null(),
    crossSignedPem: z.null(),
    nextFingerprint: z.null(),
  }),
]);

const parseItem = (item: ReplicatedItem): RootTransitionContent => {
  const parsed = body.safeParse(item.body);
  const sound = parsed.success && contentHash(item.body) === item.contentHash;
  if (!sound || parsed.data.fromFingerprint !== item.key) {
    throw new BanyanError(
      'REQUEST_INVALID',
      `the replicated record ${item.key} does not follow its schema or its hash`,
      {
        fields: { key: item.key },
      },
    );
  }
  const content = { ...parsed.data, at: epochMs(parsed.data.at) };
  const transition = transitionOf(content);
  if (transition.kind === 'vouched' && transition.from.fingerprintSha256 !== item.key) {
    throw new BanyanError('REQUEST_INVALID', `the replicated transition ${item.key} is not from the root it names`);
  }
  return content;
};

const itemOf = (row: RootTransitionRow): ReplicatedItem => ({
  key: row.fromFingerprint,
  contentHash: contentHash(bodyOf(row)),
  body: bodyOf(row),
});

/** Transitions in every datacenter, so that agents of secondaries find their way back, too. */
export const rootTransitionReplica: ReplicatedTopic = {
  topic: 'root-transition',
  snapshot: async (manager) => (await manager.find(RootTransitionRow)).map(itemOf),
  read: async (manager, keys) =>
    (await manager.find(RootTransitionRow, { where: { fromFingerprint: In([...keys]) } })).map(itemOf),
  stage: async (tx, item) => {
    const content = parseItem(item);
    const stored = await tx.manager.findOne(RootTransitionRow, { where: { fromFingerprint: item.key } });
    if (stored !== null && contentHash(bodyOf(stored)) === item.contentHash) return false;
    tx.stage(writeTransition(content));
    return true;
  },
  stageDelete: async (tx, key) => {
    const stored = await tx.manager.findOne(RootTransitionRow, { where: { fromFingerprint: key } });
    if (stored === null) return false;
    tx.stage(deleteTransition(stored));
    return true;
  },
};
