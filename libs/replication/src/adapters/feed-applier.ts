import { BanyanError, type Clock, type StateIndex, stateIndex } from '@banyan/kernel';
import type { Fence, ReplicatedTopic, Store, Transaction } from '@banyan/store';
import type { FeedCursor, FeedEvent, FeedItem } from '../domain/feed-event.js';
import { ReplicationCursorRow } from './replication-cursor.row.js';

export interface FeedApplierOptions {
  readonly stream: string;
  readonly sourceDatacenter: () => string;
  readonly store: Store;
  readonly topics: readonly ReplicatedTopic[];
  readonly clock: Clock;
}

/** Applies the events of a feed: rows and cursor in one transaction, unchanged rows not written at all. */
export class FeedApplier {
  readonly #byTopic: ReadonlyMap<string, ReplicatedTopic>;

  constructor(private readonly options: FeedApplierOptions) {
    this.#byTopic = new Map(options.topics.map((topic) => [topic.topic, topic]));
  }

  /** How far the stream is applied here, by whichever server does it. */
  async cursor(): Promise<FeedCursor> {
    const row = await this.options.store.dataSource.manager.findOne(ReplicationCursorRow, {
      where: { stream: this.options.stream },
    });
    return row === null ? { index: stateIndex(0) } : { epoch: row.epoch, index: row.index };
  }

  /** Applies a whole event. Resolves to how many records changed, and our own index that has them. */
  async apply(event: FeedEvent, fence: Fence): Promise<{ readonly written: number; readonly index: StateIndex }> {
    const { value, index } = await this.options.store.run(
      async (tx) => {
        let count = 0;
        if (event.kind === 'snapshot') count += await this.#stageMissing(tx, event.items);
        for (const item of event.items) if (await this.#stage(tx, item)) count += 1;
        await this.#moveCursor(tx, event);
        return count;
      },
      { fence },
    );
    return { written: value, index };
  }

  async #stage(tx: Transaction, item: FeedItem): Promise<boolean> {
    const topic = this.#byTopic.get(item.topic);
    if (topic === undefined)
      throw new BanyanError('REQUEST_INVALID', `the feed carries the unknown topic ${item.topic}`);
    return item.operation === 'delete' ? topic.stageDelete(tx, item.key) : topic.stage(tx, item);
  }

  /** A complete snapshot proves what is gone: deletes every local record it does not name. */
  async #stageMissing(tx: Transaction, items: readonly FeedItem[]): Promise<number> {
    let count = 0;
    for (const topic of this.#byTopic.values()) {
      const named = new Set(items.filter((item) => item.topic === topic.topic).map((item) => item.key));
      for (const { key } of await topic.snapshot(tx.manager)) {
        if (!named.has(key) && (await topic.stageDelete(tx, key))) count += 1;
      }
    }
    return count;
  }

  async #moveCursor(tx: Transaction, event: FeedEvent): Promise<void> {
    const { stream, sourceDatacenter, clock } = this.options;
    const row = {
      stream,
      sourceDatacenter: sourceDatacenter(),
      epoch: event.epoch,
      index: event.index,
      appliedAt: clock.now(),
    };
    await tx.manager.upsert(ReplicationCursorRow, row, ['stream']);
  }
}
