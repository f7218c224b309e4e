import { contentHash, type JsonValue } from '@banyan/kernel';
import type { StagedChange } from '@banyan/store';
import { CaConfigurationRow, TrustDomainRow } from './ca-rows.js';

export interface TrustDomainContent {
  readonly clusterId: string;
  readonly primaryDatacenter: string;
}

/** Stages the one trust-domain row; an existing one is left alone, since a trust domain never changes. */
export const writeTrustDomain = (content: TrustDomainContent): StagedChange => ({
  topic: 'trust-domain',
  key: 'trust-domain',
  operation: 'upsert',
  contentHash: contentHash({ ...content }),
  write: async (manager, index) => {
    await manager.insert(TrustDomainRow, { id: 1, ...content, createIndex: index, modifyIndex: index });
  },
});

export interface CaConfigurationContent {
  readonly provider: string;
  readonly config: Record<string, unknown>;
  readonly forceWithoutCrossSigning: boolean;
}

/** Stages the one configuration row. */
export const writeCaConfiguration = (content: CaConfigurationContent): StagedChange => ({
  topic: 'ca-configuration',
  key: 'ca-configuration',
  operation: 'upsert',
  contentHash: contentHash(content as unknown as JsonValue),
  write: async (manager, index) => {
    const { createIndex } = (await manager.findOne(CaConfigurationRow, { where: { id: 1 } })) ?? { createIndex: index };
    await manager.upsert(CaConfigurationRow, { id: 1, ...content, createIndex, modifyIndex: index } as object, ['id']);
  },
});
