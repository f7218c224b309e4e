import { BanyanError, type Clock, type StateIndex, stateIndex } from '@banyan/kernel';
import type { Fence, Store, Transaction } from '@banyan/store';
import { DEFAULT_GUARD, type GuardLimits } from '../domain/deletion-guard.js';
import type { FeedCursor, FeedEvent, FeedItem } from '../domain/feed-event.js';
import type { ReplicationStream } from '../domain/replication-stream.js';
import { ReplicationHoldRow } from './hold-rows.js';
import { findFaults, isRecordFault } from './item-isolation.js';
import { ReplicationQuarantineRow } from './quarantine-rows.js';
import { ReplicationCursorRow } from './replication-cursor.row.js';
import { foreignSource, leaveEpoch } from './source-rows.js';
import { type KnownFaults, StreamRound } from './stream-round.js';

/** What {@link FeedApplier} needs. */
export interface FeedApplierOptions {
  /** Name of the feed: its cursor's. */
  readonly feed: string;
  readonly sourceDatacenter: () => string;
  readonly store: Store;
  readonly streams: readonly ReplicationStream[];
  readonly limits?: GuardLimits;
  readonly clock: Clock;
}

/** What an event did here. */
export interface Applied {
  readonly written: number;
  /** Our own index that has it. */
  readonly index: StateIndex;
  /** Streams that had a part in it. */
  readonly streams: readonly string[];
  /** Something is held or set aside: the source is to be looked at again as a whole. */
  readonly isUnsettled: boolean;
  /** That look is due now. */
  readonly lookAgain: boolean;
}

const NO_FAULTS: KnownFaults = new Map();
/** Records of topics that this build does not know: a newer source. They are set aside, and come with the next version. */
const UNKNOWN_STREAM = { name: 'unknown', topics: [], guarded: false } as const;
/** Ends a trial. */
class RolledBack extends Error {}

/** Applies the events of a feed: rows and cursor in one transaction, unchanged rows not written at all. */
export class FeedApplier {
  readonly #streamOfTopic: ReadonlyMap<string, ReplicationStream>;

  constructor(private readonly options: FeedApplierOptions) {
    this.#streamOfTopic = new Map(
      options.streams.flatMap((stream) => stream.topics.map((topic) => [topic.topic, stream] as const)),
    );
  }

  /** How far the feed is applied here, by whichever server does it. */
  async cursor(): Promise<FeedCursor> {
    const row = await this.#cursorRow(this.options.store.dataSource.manager);
    return row === null ? { index: stateIndex(0) } : { epoch: row.epoch, index: row.index, logHash: row.logHash };
  }

  /** Whether something is held or set aside. */
  async isUnsettled(): Promise<boolean> {
    const { manager } = this.options.store.dataSource;
    return (await manager.exists(ReplicationHoldRow)) || (await manager.exists(ReplicationQuarantineRow));
  }

  /**
   * Applies a whole event. Records that are refused are set aside; when the batch as a whole is refused for one of its
   * records, that one is found by trying parts of it, and the rest is applied.
   */
  async apply(event: FeedEvent, fence: Fence): Promise<Applied> {
    try {
      return await this.#run(event, fence, NO_FAULTS);
    } catch (error) {
      if (!isRecordFault(error)) throw error;
      const upserts = event.items.filter((item) => item.operation === 'upsert');
      const faults = await findFaults(upserts, (left) => this.#tryWithout(left, event, fence));
      if (faults.size === 0) throw error;
      return this.#run(event, fence, faults);
    }
  }

  async #run(event: FeedEvent, fence: Fence, faults: KnownFaults): Promise<Applied> {
    const { value, index } = await this.options.store.run((tx) => this.#stage(tx, event, faults), { fence });
    const isUnsettled = event.kind === 'heartbeat' ? false : await this.isUnsettled();
    return { ...value, index, isUnsettled };
  }

  async #stage(
    tx: Transaction,
    event: FeedEvent,
    faults: KnownFaults,
  ): Promise<Pick<Applied, 'written' | 'streams' | 'lookAgain'>> {
    const cursor = await this.#cursorRow(tx.manager);
    const epochChanged = cursor !== null && cursor.epoch !== event.epoch;
    const { sourceDatacenter, clock } = this.options;
    if (cursor !== null && cursor.sourceDatacenter !== sourceDatacenter())
      throw foreignSource(cursor, sourceDatacenter());
    if (epochChanged) await leaveEpoch(tx.manager, cursor, { epoch: event.epoch, now: clock.now() });
    let [written, lookAgain] = [0, false];
    const named = new Set<string>();
    for (const [stream, items] of this.#parts(event)) {
      const round = new StreamRound({ ...this.#roundOf(stream), event, faults }, tx);
      const outcome = await round.stage(items, epochChanged);
      written += outcome.written;
      lookAgain ||= outcome.lookAgain;
      if (items.length > 0) named.add(stream.name);
    }
    await this.#moveCursor(tx, event);
    return { written, lookAgain, streams: [...named] };
  }

  #roundOf(stream: ReplicationStream) {
    return { stream, clock: this.options.clock, limits: this.options.limits ?? DEFAULT_GUARD };
  }

  /** Each stream's part of an event; a heartbeat has none. */
  #parts(event: FeedEvent): Map<ReplicationStream, FeedItem[]> {
    const parts = new Map<ReplicationStream, FeedItem[]>();
    if (event.kind === 'heartbeat') return parts;
    for (const stream of this.options.streams) parts.set(stream, []);
    parts.set(UNKNOWN_STREAM, []);
    for (const item of event.items) parts.get(this.#streamOfTopic.get(item.topic) ?? UNKNOWN_STREAM)!.push(item);
    for (const [stream, items] of parts) parts.set(stream, inOrder(stream, items));
    return parts;
  }

  /** The fault of the event without those records; undefined when it would pass. Nothing stays of it. */
  async #tryWithout(left: ReadonlySet<FeedItem>, event: FeedEvent, fence: Fence): Promise<unknown> {
    const skipped = new BanyanError('CONFLICT', 'left out of a trial');
    try {
      await this.options.store.run(
        async (tx) => {
          await this.#stage(tx, event, new Map([...left].map((item) => [item, skipped])));
          tx.stage({
            topic: 'replication',
            key: 'trial',
            operation: 'upsert',
            contentHash: '',
            write: async (manager) => {
              await manager.query('SET CONSTRAINTS ALL IMMEDIATE');
              throw new RolledBack();
            },
          });
        },
        { fence },
      );
    } catch (error) {
      if (error instanceof RolledBack) return undefined;
      if (isRecordFault(error)) return error;
      throw error;
    }
    throw new BanyanError('INTERNAL', 'a trial was committed');
  }

  #cursorRow(manager: Transaction['manager']): Promise<ReplicationCursorRow | null> {
    return manager.findOne(ReplicationCursorRow, { where: { stream: this.options.feed } });
  }

  async #moveCursor(tx: Transaction, event: FeedEvent): Promise<void> {
    const { feed, sourceDatacenter, clock } = this.options;
    const { epoch, index, logHash } = event;
    const row = { stream: feed, sourceDatacenter: sourceDatacenter(), epoch, index, logHash, appliedAt: clock.now() };
    await tx.manager.upsert(ReplicationCursorRow, row, ['stream']);
  }
}

/** By the order of the stream's topics; records of one topic as they came. */
const inOrder = (stream: ReplicationStream, items: readonly FeedItem[]): FeedItem[] => {
  const place = new Map(stream.topics.map((topic, at) => [topic.topic as string, at]));
  return items.toSorted((left, right) => (place.get(left.topic) ?? 0) - (place.get(right.topic) ?? 0));
};
