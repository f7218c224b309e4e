import { contentHash } from '@banyan/kernel';
import type { StagedChange } from '@banyan/store';
import { SigningAuthorityRow } from './ca-rows.js';

export type SigningAuthorityContent = Omit<SigningAuthorityRow, 'createIndex' | 'modifyIndex'>;

/** Stages an intermediate in its slot. The caller stages the row that leaves a slot before the one that takes it. */
export const writeSigningAuthority = (content: SigningAuthorityContent): StagedChange => ({
  topic: 'signing-authority',
  key: content.id,
  operation: 'upsert',
  contentHash: contentHash({
    id: content.id,
    slot: content.slot,
    rootId: content.rootId,
    csrPem: content.csrPem,
    certificatePem: content.certificatePem,
    ...(content.rotationId !== null && { rotationId: content.rotationId }),
  }),
  write: async (manager, index) => {
    const stored = await manager.findOne(SigningAuthorityRow, { where: { id: content.id } });
    // The horizon is written outside the log by the leaf path, so the stored one may be later than the one read before.
    const leafHorizon = Math.max(stored?.leafHorizon ?? 0, content.leafHorizon ?? 0);
    await manager.upsert(
      SigningAuthorityRow,
      {
        ...content,
        leafHorizon: (leafHorizon === 0 ? null : leafHorizon) as SigningAuthorityContent['leafHorizon'],
        createIndex: stored?.createIndex ?? index,
        modifyIndex: index,
      },
      ['id'],
    );
  },
});

export const deleteSigningAuthority = (id: string): StagedChange => ({
  topic: 'signing-authority',
  key: id,
  operation: 'delete',
  contentHash: contentHash({ id }),
  write: async (manager) => {
    await manager.delete(SigningAuthorityRow, { id });
  },
});
