import { type EpochMs, epochMs } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { In } from 'typeorm';
import type { AuthorityReport } from '../domain/authority-report.js';
import { SigningAuthorityRow } from './ca-rows.js';

/** What this datacenter says of its signing, read from the store: horizons are written there, not in the log. */
export const readAuthorityReport = async (store: Store, datacenter: string, now: EpochMs): Promise<AuthorityReport> => {
  const rows = await store.dataSource.manager.find(SigningAuthorityRow, { where: { slot: In(['active', 'retired']) } });
  const horizons: Record<string, EpochMs> = {};
  for (const { rootId, leafHorizon } of rows) {
    if (rootId !== null && leafHorizon !== null)
      horizons[rootId] = epochMs(Math.max(horizons[rootId] ?? 0, leafHorizon));
  }
  const signingRootId = rows.find((row) => row.slot === 'active')?.rootId ?? undefined;
  return { datacenter, ...(signingRootId !== undefined && { signingRootId }), horizons, reportedAt: now };
};
