import { BanyanError, type EpochMs } from '@banyan/kernel';
import type { Fence, Store } from '@banyan/store';
import type { EntityManager } from 'typeorm';
import { ledgerCheck } from '../domain/chain-check.js';
import { readCheckpoint, readEntries } from './ledger-rows.js';

/** What {@link LedgerRetention} needs. */
export interface LedgerRetentionOptions {
  readonly datacenter: string;
  readonly store: Store;
  /** How long entries are kept, ms. That of a leaf that lives is kept for longer if need be, and all after it. */
  readonly keepMs: number;
}

/** Rows per transaction: proved, then deleted, within some tens of ms. */
const SLICE = 2_000;

/**
 * Takes the oldest entries away. Their last one stays behind as the checkpoint, so that the chain of the rest is still
 * proved from its beginning. What is taken away is proved first: damage does not vanish by age.
 */
export class LedgerRetention {
  constructor(private readonly options: LedgerRetentionOptions) {}

  /**
   * Takes away what may go now, slice by slice; returns how many entries that were. Throws `LEASE_LOST`, and
   * `LEDGER_BROKEN` when an entry that would go is not what was written.
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
    const checkpoint = await readCheckpoint(manager, this.options.datacenter);
    const last = Math.min((await this.#firstKept(manager, now)) - 1, checkpoint.seq + SLICE);
    if (last <= checkpoint.seq) return 0;
    const check = ledgerCheck(checkpoint);
    if (!check.follow(await readEntries(manager, checkpoint.seq, last - checkpoint.seq))) {
      const { seq, detail } = check.firstBreak!;
      throw new BanyanError('LEDGER_BROKEN', `the ledger is not trimmed, because its chain breaks: ${detail}`, {
        fields: { seq },
      });
    }
    const { seq, hash } = check.place;
    await manager.query('DELETE FROM issuance WHERE seq <= $1', [seq]);
    await manager.query(
      `INSERT INTO issuance_checkpoint (id, seq, hash, trimmed_at) VALUES (1, $1, decode($2, 'hex'), $3)
       ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, trimmed_at = excluded.trimmed_at`,
      [seq, hash, new Date(now)],
    );
    return check.entries;
  }

  /** The oldest entry that has to stay. Servers' clocks differ, so that numbers and times may be out of step. */
  async #firstKept(manager: EntityManager, now: EpochMs): Promise<number> {
    const rows = await manager.query<{ first: string | null }[]>(
      `SELECT least(
         (SELECT min(seq) FROM issuance WHERE issued_at >= $1),
         (SELECT min(seq) FROM issuance WHERE kind IN ('service', 'agent', 'server') AND not_after > $2),
         (SELECT max(seq) + 1 FROM issuance)) AS first`,
      [new Date(now - this.options.keepMs), new Date(now)],
    );
    return Number(rows[0]?.first ?? 0);
  }
}
