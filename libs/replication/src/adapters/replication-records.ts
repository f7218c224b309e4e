import { BanyanError } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { isFlapping } from './source-rows.js';
import type { EpochMs } from '@banyan/kernel';
import type { ReplicationStream } from '../domain/replication-stream.js';
import type { QuarantinedRecord, StreamHold } from '../domain/replication-status.js';
import { holdOf, lockHold, ReplicationHoldRow } from './hold-rows.js';
import { markConfirmed } from './recent-deletions.js';
import { quarantinedOf, ReplicationQuarantineRow } from './quarantine-rows.js';

/** Quarantined records that are shown. */
const MOST_SHOWN = 1_000;

/** What replication keeps beside the replicated rows, as any server of the datacenter reads and confirms it. */
export class ReplicationRecords {
  constructor(
    private readonly store: Store,
    private readonly streams: readonly ReplicationStream[],
  ) {}

  async holds(): Promise<StreamHold[]> {
    const rows = await this.store.dataSource.manager.find(ReplicationHoldRow, { order: { stream: 'ASC' } });
    return rows.map(holdOf);
  }

  /** The records that were set aside, the first 1,000 by name. */
  async quarantined(): Promise<QuarantinedRecord[]> {
    const rows = await this.store.dataSource.manager.find(ReplicationQuarantineRow, {
      order: { topic: 'ASC', key: 'ASC' },
      take: MOST_SHOWN,
    });
    return rows.map(quarantinedOf);
  }

  /** How many records are set aside, by stream. */
  async quarantineCounts(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.store.dataSource.query<{ stream: string; count: string }[]>(
      'SELECT stream, count(*) AS count FROM replication_quarantine GROUP BY stream',
    );
    return new Map(rows.map((row) => [row.stream, Number(row.count)]));
  }

  /** How many records each stream has here. */
  async itemCounts(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    const { manager } = this.store.dataSource;
    for (const { name, topics } of this.streams) {
      let count = 0;
      for (const topic of topics) {
        count += topic.count === undefined ? (await topic.snapshot(manager)).length : await topic.count(manager);
      }
      counts.set(name, count);
    }
    return counts;
  }

  /** Whether the source changes its epoch so often that two primaries must be answering in turn. */
  isFlapping(now: EpochMs): Promise<boolean> {
    return isFlapping(this.store.dataSource.manager, now);
  }

  /**
   * Applies what is held of a stream, or, where a whole stream is held, lets the next look at the source through. `hash`
   * is what the caller saw. Resolves to how many records were deleted. Throws `REPLICATION_STREAM_UNKNOWN`,
   * `REPLICATION_DIFF_STALE` when something else is held by now, or nothing.
   */
  async confirm(name: string, hash: string): Promise<{ readonly deleted: number; readonly index: number }> {
    const stream = this.streams.find((each) => each.name === name);
    if (stream === undefined) {
      const known = this.streams.map((each) => each.name).join(', ');
      throw new BanyanError(
        'REPLICATION_STREAM_UNKNOWN',
        `there is no stream ${name.slice(0, 64)}; there are ${known}`,
      );
    }
    const { value, index } = await this.store.run(async (tx) => {
      const hold = await lockHold(tx.manager, name);
      if (hold === null) throw new BanyanError('REPLICATION_DIFF_STALE', `nothing of the stream ${name} is held`);
      if (hold.hash !== hash) {
        throw new BanyanError(
          'REPLICATION_DIFF_STALE',
          `something else of the stream ${name} is held by now: look again`,
        );
      }
      if (hold.code !== 'REPLICATION_HELD') {
        await tx.manager.update(ReplicationHoldRow, { stream: name }, { approved: true });
        return 0;
      }
      let deleted = 0;
      for (const { topic, key } of hold.deletions) {
        const owner = stream.topics.find((each) => each.topic === topic);
        if ((await owner?.stageDelete(tx, key)) === true) deleted += 1;
      }
      await tx.manager.delete(ReplicationHoldRow, { stream: name });
      markConfirmed(tx, name, hash);
      return deleted;
    });
    return { deleted: value, index };
  }
}
