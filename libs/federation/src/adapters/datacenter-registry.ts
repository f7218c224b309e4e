import { type EpochMs, type JsonValue, contentHash } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import type { ChangeFollower } from '@banyan/watch';
import type { DatacenterRecord } from '../domain/datacenter-record.js';
import { DatacenterRow } from './datacenter.row.js';
import { datacenterBody, writeDatacenter } from './datacenter-writes.js';

/** Who belongs to the federation, kept by the primary. */
export class DatacenterRegistry {
  constructor(
    private readonly store: Store,
    private readonly follower: ChangeFollower,
  ) {}

  /** Adds the datacenter or changes its address; unchanged content is not written. */
  async register(record: DatacenterRecord): Promise<void> {
    const { index } = await this.store.run(async (tx) => {
      const stored = await tx.manager.findOne(DatacenterRow, {
        where: { name: record.name },
        lock: { mode: 'pessimistic_write' },
      });
      if (stored?.contentHash !== contentHash(datacenterBody(record))) tx.stage(writeDatacenter(record));
    });
    await this.follower.reached(index, { limitMs: 10_000 });
  }

  /** Keeps what a datacenter says of itself; not a change of state, so it takes no index. */
  async keepReport(name: string, report: JsonValue, now: EpochMs): Promise<void> {
    await this.store.dataSource.query(`UPDATE datacenter SET report = $2, reported_at = $3 WHERE name = $1`, [
      name,
      JSON.stringify(report),
      new Date(now),
    ]);
  }

  /** The last report of every datacenter, with the time it was kept. */
  async reports(): Promise<ReadonlyMap<string, { readonly report: unknown; readonly reportedAt: EpochMs | null }>> {
    const rows = await this.store.dataSource.manager.find(DatacenterRow);
    return new Map(rows.map((row) => [row.name, { report: row.report, reportedAt: row.reportedAt }]));
  }
}
