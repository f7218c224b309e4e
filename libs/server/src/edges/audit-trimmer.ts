import { AuditRetention } from '@banyan/audit';
import { BackgroundTask, isBanyanError, messageOf, MINUTE } from '@banyan/kernel';
import type { DatacenterCore } from '../core/datacenter-core.js';

const LOOK_MS = 10 * MINUTE;

/** Keeps the audit trail as long as it is configured to, on the server that holds the lease. */
export class AuditTrimmer {
  readonly #task: BackgroundTask;

  constructor(core: DatacenterCore) {
    const { ambient, store, datacenter, settings } = core;
    const retention = new AuditRetention({ datacenter, store, keepMs: settings.BANYAN_AUDIT_RETENTION });
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: { firstMs: MINUTE, capMs: LOOK_MS },
      turn: async () => {
        const fence = core.fence();
        if (fence === undefined) return LOOK_MS;
        const trimmed = await retention.trim(ambient.clock.now(), fence);
        if (trimmed > 0) ambient.logger.info('audit trail trimmed', { entries: trimmed });
        return LOOK_MS;
      },
      onFailure: (error) => {
        const fields = { code: isBanyanError(error) ? error.code : undefined, reason: messageOf(error) };
        if (isBanyanError(error, 'AUDIT_BROKEN')) ambient.logger.error('the audit trail does not hold', fields);
        else ambient.logger.warn('audit trail not trimmed', fields);
      },
    });
  }

  start(): void {
    this.#task.start();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }
}
