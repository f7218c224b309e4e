import { contentHash, type EpochMs, type JsonValue } from '@banyan/kernel';
import type { StagedChange } from '@banyan/store';
import type { RootState } from '../domain/root-record.js';
import { RootAuthorityRow } from './ca-rows.js';

/** The content of a root row, without its indexes. What is sealed stays in the primary. */
export interface RootContent {
  readonly id: string;
  readonly fingerprintSha256: string;
  readonly generation: number;
  readonly name: string;
  readonly certificatePem: string;
  readonly crossSignedPem: string | null;
  readonly sealedKey: string | null;
  readonly sealedConfiguration: string | null;
  readonly provider: string;
  readonly state: RootState;
  readonly taintedAt: EpochMs | null;
  readonly rotatedOutAt: EpochMs | null;
  readonly privateKeyType: string;
  readonly privateKeyBits: number;
}

/** What crosses the WAN: everything but what is sealed. */
export const publicBody = (root: RootContent): JsonValue => ({
  id: root.id,
  fingerprintSha256: root.fingerprintSha256,
  generation: root.generation,
  name: root.name,
  certificatePem: root.certificatePem,
  crossSignedPem: root.crossSignedPem,
  provider: root.provider,
  state: root.state,
  taintedAt: root.taintedAt,
  rotatedOutAt: root.rotatedOutAt,
  privateKeyType: root.privateKeyType,
  privateKeyBits: root.privateKeyBits,
});

export const rootHash = (root: RootContent): string => contentHash(publicBody(root));

/** Stages the row. An active or next root first takes that state from any other: only one may have it at any instant. */
export const writeRoot = (root: RootContent): StagedChange => ({
  topic: 'root',
  key: root.id,
  operation: 'upsert',
  contentHash: rootHash(root),
  write: async (manager, index) => {
    if (root.state !== 'inactive') {
      await manager.query(`UPDATE root_authority SET state = 'inactive' WHERE state = $2 AND id <> $1`, [
        root.id,
        root.state,
      ]);
    }
    const { createIndex } = (await manager.findOne(RootAuthorityRow, {
      where: { id: root.id },
      select: { id: true, createIndex: true },
    })) ?? { createIndex: index };
    await manager.upsert(RootAuthorityRow, { ...root, createIndex, modifyIndex: index }, ['id']);
  },
});

export const deleteRoot = (id: string, hash: string): StagedChange => ({
  topic: 'root',
  key: id,
  operation: 'delete',
  contentHash: hash,
  write: async (manager) => {
    await manager.delete(RootAuthorityRow, { id });
  },
});
