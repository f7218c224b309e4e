import { BanyanError, type EpochMs } from '@banyan/kernel';
import type { Fence, Store } from '@banyan/store';
import type { EntityManager } from 'typeorm';
import { AuditCheck } from '../domain/audit-check.js';
import { readCheckpoint, readEntries, writeCheckpoint } from './audit-rows.js';

/** What {@link AuditRetention} needs. */
export interface AuditRetentionOptions {
  readonly datacenter: string;
  readonly store: Store;
  /** How long entries are kept, ms. */
  readonly keepMs: number;
}

/** Rows per transaction: proved, then deleted, within some tens of ms. */
const SLICE = 1_000;

/**
 * Takes the oldest entries away. The last places of all chains stay behind as the checkpoint, so that the rest is still
 * proved from its beginning. What is taken away is proved first: damage does not vanish by age.
 */
export class AuditRetention {
  constructor(private readonly options: AuditRetentionOptions) {}

  /**
   * Takes away what may go now, slice by slice; returns how many entries that were. Throws `LEASE_LOST`, and
   * `AUDIT_BROKEN` when an entry that would go is not what was written.
   */
  async trim(now: EpochMs, fence: Fence): Promise<number> {
    let trimmed = 0;
    for (;;) {
      const { value } = await this.options.store.run(({ manager }) => this.#trimSlice(manager, now), { fence });
      trimmed += value;
      if (value < SLICE) return trimmed;
    }
  }

  async #trimSlice(manager: EntityManager, now: EpochMs): Promise<number> {
    const { datacenter, keepMs } = this.options;
    const checkpoint = await readCheckpoint(manager, datacenter);
    const firstKept = await this.#firstKept(manager, new Date(now - keepMs));
    const last = Math.min(firstKept - 1, checkpoint.datacenter.seq + SLICE);
    if (last <= checkpoint.datacenter.seq) return 0;
    const check = new AuditCheck(datacenter, checkpoint);
    if (!check.follow(await readEntries(manager, checkpoint.datacenter.seq, last - checkpoint.datacenter.seq))) {
      const { seq, detail } = check.firstBreak!;
      throw new BanyanError('AUDIT_BROKEN', `the audit trail is not trimmed, because its chain breaks: ${detail}`, {
        fields: { seq },
      });
    }
    await manager.query('DELETE FROM audit_entry WHERE seq <= $1', [check.place.seq]);
    await writeCheckpoint(manager, { datacenter: check.place, servers: check.servers }, new Date(now));
    return check.entries;
  }

  /** The oldest entry that has to stay. Servers' clocks differ, so that numbers and times may be out of step. */
  async #firstKept(manager: EntityManager, keptSince: Date): Promise<number> {
    const rows = await manager.query<{ first: string | null }[]>(
      `SELECT coalesce((SELECT min(seq) FROM audit_entry WHERE at >= $1), (SELECT max(seq) + 1 FROM audit_entry)) AS first`,
      [keptSince],
    );
    return Number(rows[0]?.first ?? 0);
  }
}
