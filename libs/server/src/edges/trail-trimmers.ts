import { AuditRetention } from '@banyan/audit';
import { BackgroundTask, type EpochMs, type ErrorCode, isBanyanError, messageOf, MINUTE } from '@banyan/kernel';
import { LedgerRetention } from '@banyan/ledger';
import type { Fence } from '@banyan/store';
import type { DatacenterCore } from '../core/datacenter-core.js';

const LOOK_MS = 10 * MINUTE;

/** A chain of entries that is kept for a while only. */
interface TrimmedTrail {
  /** As the log calls it. */
  readonly name: string;
  /** The code of a chain that does not hold: nothing is taken from it, and somebody has to look. */
  readonly broken: ErrorCode;
  readonly retention: { trim(now: EpochMs, fence: Fence): Promise<number> };
}

/** Keeps the issuance ledger as long as it is configured to, on the server that holds the lease. */
export const ledgerTrimmer = (core: DatacenterCore): BackgroundTask => {
  const { datacenter, store, settings } = core;
  const retention = new LedgerRetention({ datacenter, store, keepMs: settings.BANYAN_LEDGER_RETENTION });
  return trimmer(core, { name: 'ledger', broken: 'LEDGER_BROKEN', retention });
};

/** The same for the audit trail. */
export const auditTrimmer = (core: DatacenterCore): BackgroundTask => {
  const { datacenter, store, settings } = core;
  const retention = new AuditRetention({ datacenter, store, keepMs: settings.BANYAN_AUDIT_RETENTION });
  return trimmer(core, { name: 'audit trail', broken: 'AUDIT_BROKEN', retention });
};

const trimmer = (core: DatacenterCore, { name, broken, retention }: TrimmedTrail): BackgroundTask => {
  const { ambient } = core;
  return new BackgroundTask({
    ...ambient,
    backoff: { firstMs: MINUTE, capMs: LOOK_MS },
    turn: async () => {
      const fence = core.fence();
      if (fence === undefined) return LOOK_MS;
      const entries = await retention.trim(ambient.clock.now(), fence);
      if (entries > 0) ambient.logger.info('trail trimmed', { trail: name, entries });
      return LOOK_MS;
    },
    onFailure: (error) => {
      const code = isBanyanError(error) ? error.code : undefined;
      const fields = { trail: name, code, reason: messageOf(error) };
      if (isBanyanError(error, broken)) ambient.logger.error('a trail does not hold', fields);
      else ambient.logger.warn('trail not trimmed', fields);
    },
  });
};
