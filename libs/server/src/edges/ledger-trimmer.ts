import { BackgroundTask, MINUTE, isBanyanError, messageOf } from '@banyan/kernel';
import { LedgerRetention } from '@banyan/ledger';
import type { DatacenterCore } from '../core/datacenter-core.js';

const LOOK_MS = 10 * MINUTE;

/** Keeps the issuance ledger as long as it is configured to, on the server that holds the lease. */
export class LedgerTrimmer {
  readonly #task: BackgroundTask;

  constructor(core: DatacenterCore) {
    const { ambient, store, datacenter, settings } = core;
    const retention = new LedgerRetention({ datacenter, store, keepMs: settings.BANYAN_LEDGER_RETENTION });
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: { firstMs: MINUTE, capMs: LOOK_MS },
      turn: async () => {
        const fence = core.fence();
        if (fence === undefined) return LOOK_MS;
        const trimmed = await retention.trim(ambient.clock.now(), fence);
        if (trimmed > 0) ambient.logger.info('ledger trimmed', { entries: trimmed });
        return LOOK_MS;
      },
      onFailure: (error) => {
        const fields = { code: isBanyanError(error) ? error.code : undefined, reason: messageOf(error) };
        if (isBanyanError(error, 'LEDGER_BROKEN')) ambient.logger.error('the ledger does not hold', fields);
        else ambient.logger.warn('ledger not trimmed', fields);
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
