import { type Clock, type StateIndex, stateIndex, type Timers } from '@banyan/kernel';
import type { ChangeRecord, ReplicatedTopic, Store } from '@banyan/store';
import type { EntityManager } from 'typeorm';
import type { ChangeFollower } from '@banyan/watch';
import type { FeedCursor, FeedEvent, FeedItem } from '../domain/feed-event.js';

/** What {@link FeedSource} needs. */
export interface FeedSourceOptions {
  readonly store: Store;
  readonly follower: ChangeFollower;
  /** In the order in which a follower must apply them. */
  readonly topics: readonly ReplicatedTopic[];
  readonly clock: Clock;
  readonly timers: Timers;
}

/** A follower hears something at least this often, so that both ends notice a half-open WAN. */
const HEARTBEAT_MS = 2_000;
/** Items per event: at 4 KiB each, an event stays far below the 8 MiB message limit. */
const ITEMS_PER_EVENT = 500;
/** Log lines read at once. */
const PAGE = 2_000;

/**
 * The primary's change feed: a snapshot when the follower's cursor is of another epoch or too old, then each committed
 * batch, from the commit log. Bodies are read when they are sent, so a record that changed twice is sent once.
 */
export class FeedSource {
  #hashed: { readonly epoch: string; readonly index: StateIndex; readonly hash: string } | undefined;

  constructor(private readonly options: FeedSourceOptions) {}

  async *follow(cursor: FeedCursor, signal: AbortSignal): AsyncGenerator<FeedEvent> {
    let at = cursor.index;
    let epoch = cursor.epoch;
    let sentAt = this.options.clock.now();
    while (!signal.aborted) {
      const page = await this.options.store.changesAfter(at, PAGE);
      if (epoch !== page.epoch || !page.reachesBack || at > page.latest) {
        for await (const event of this.#snapshot()) {
          yield event;
          at = event.index;
          epoch = event.epoch;
        }
        continue;
      }
      if (page.changes.length === 0) {
        yield await this.#event({ kind: 'heartbeat', epoch, index: page.latest, items: [] }, page.latest);
        sentAt = this.options.clock.now();
        await this.#untilChanged(page.latest, signal);
        continue;
      }
      at = page.changes.at(-1)!.index;
      const items = await this.#items(page.changes);
      // Where something else changes all the time, there is never a moment without changes, but the follower must hear us.
      if (items.length === 0 && this.options.clock.now() < sentAt + HEARTBEAT_MS) continue;
      const kind = items.length > 0 ? 'changes' : 'heartbeat';
      yield await this.#event({ kind, epoch, index: at, items }, page.latest);
      sentAt = this.options.clock.now();
    }
  }

  async *#snapshot(): AsyncGenerator<FeedEvent> {
    const { store, topics } = this.options;
    const read = await store.dataSource.transaction('REPEATABLE READ', async (manager) => {
      const [counter] = await manager.query<{ index: string; epoch: string }[]>(
        'SELECT index, epoch FROM state_counter WHERE id = 1',
      );
      const items: FeedItem[] = [];
      for (const topic of topics) {
        for (const item of await topic.snapshot(manager))
          items.push({ topic: topic.topic, operation: 'upsert', ...item });
      }
      return { index: stateIndex(Number(counter!.index)), epoch: counter!.epoch, items };
    });
    for (let start = 0; start === 0 || start < read.items.length; start += ITEMS_PER_EVENT) {
      const items = read.items.slice(start, start + ITEMS_PER_EVENT);
      const more = start + ITEMS_PER_EVENT < read.items.length;
      yield {
        ...(await this.#event({ kind: 'snapshot', epoch: read.epoch, index: read.index, items }, read.index)),
        more,
      };
    }
  }

  /**
   * The latest state of every record that the changes name, in the order in which topics must be applied, as of one
   * moment: what was committed together is seen together.
   */
  #items(changes: readonly ChangeRecord[]): Promise<FeedItem[]> {
    return this.options.store.dataSource.transaction('REPEATABLE READ', async (manager) => {
      const items: FeedItem[] = [];
      for (const topic of this.options.topics) {
        const keys = [...new Set(changes.filter((c) => c.topic === topic.topic).map((c) => c.key))];
        if (keys.length > 0) items.push(...(await latestOf(topic, manager, keys)));
      }
      return items;
    });
  }

  async #untilChanged(latest: StateIndex, signal: AbortSignal): Promise<void> {
    await this.options.follower
      .reached(stateIndex(latest + 1), { limitMs: HEARTBEAT_MS, signal })
      .catch(() => undefined);
  }

  async #event(event: Pick<FeedEvent, 'kind' | 'epoch' | 'index' | 'items'>, latest: StateIndex): Promise<FeedEvent> {
    const logHash = await this.#logHash(event.epoch, event.index);
    return { ...event, latest, logHash, more: false, sentAt: this.options.clock.now() };
  }

  /** Read once per index, for all followers: what is committed does not change. */
  async #logHash(epoch: string, index: StateIndex): Promise<string> {
    const known = this.#hashed;
    if (known?.epoch === epoch && known.index === index) return known.hash;
    const hash = (await this.options.store.logHash(index)) ?? '';
    if (hash !== '') this.#hashed = { epoch, index, hash };
    return hash;
  }
}

const latestOf = async (
  topic: ReplicatedTopic,
  manager: EntityManager,
  keys: readonly string[],
): Promise<FeedItem[]> => {
  const found = new Map((await topic.read(manager, keys)).map((item) => [item.key, item]));
  return keys.map((key) => {
    const item = found.get(key);
    if (item !== undefined) return { topic: topic.topic, operation: 'upsert', ...item };
    return { topic: topic.topic, operation: 'delete', key, contentHash: '', body: null };
  });
};
