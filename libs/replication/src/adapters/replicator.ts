import {
  BackgroundTask,
  BanyanError,
  type Clock,
  isBanyanError,
  type Logger,
  messageOf,
  type Random,
  stateIndex,
  type Timers,
} from '@banyan/kernel';
import type { Fence, ReplicatedTopic, Store, Transaction } from '@banyan/store';
import type { ChangeFollower } from '@banyan/watch';
import type { FeedCursor, FeedEvent, FeedItem } from '../domain/feed-event.js';
import { type ReplicationStatus, stateOfFailure } from '../domain/replication-status.js';
import type { FeedClient } from '../ports/feed-client.js';
import { ReplicationCursorRow } from './replication-cursor.row.js';

export interface ReplicatorOptions {
  readonly stream: string;
  readonly sourceDatacenter: string;
  readonly store: Store;
  readonly follower: ChangeFollower;
  readonly topics: readonly ReplicatedTopic[];
  readonly client: FeedClient;
  /** The lease that makes us the only one who applies; absent while another replica does. */
  readonly fence: () => Fence | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** Retries start small and stay within seconds; the channel itself notices a healed WAN and ends the wait. */
const BACKOFF = { firstMs: 200, capMs: 2_000 };
/** Longer than two heartbeats: a feed that says nothing for so long is dead. */
const SILENCE_LIMIT_MS = 6_000;

/** Follows the primary's feed and applies it: rows and cursor in one transaction, unchanged rows not written at all. */
export class Replicator {
  readonly #task: BackgroundTask;
  readonly #byTopic: ReadonlyMap<string, ReplicatedTopic>;
  #status: ReplicationStatus = {
    state: 'STARTING',
    reason: 'not tried yet',
    appliedIndex: stateIndex(0),
    sourceIndex: stateIndex(0),
    consecutiveFailures: 0,
  };
  readonly #waiters = new Set<() => void>();

  constructor(private readonly options: ReplicatorOptions) {
    this.#byTopic = new Map(options.topics.map((topic) => [topic.topic, topic]));
    this.#task = new BackgroundTask({
      timers: options.timers,
      random: options.random,
      backoff: BACKOFF,
      turn: (signal) => this.#turn(signal),
      onFailure: (error, failures) => this.#failed(error, failures),
    });
  }

  get status(): ReplicationStatus {
    return this.#status;
  }

  start(): void {
    this.#task.start();
  }

  /** Tries at once: the lease was taken, the token changed, or the WAN is back. */
  wake(): void {
    this.#task.wake();
  }

  async stop(): Promise<void> {
    await this.#task.stop();
  }

  /** Resolves when the source's `index` is applied here; `TIMEOUT` after `limitMs`. */
  async applied(index: number, limitMs: number): Promise<void> {
    if (this.#status.appliedIndex >= index) return;
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (this.#status.appliedIndex < index) return;
        timer.clear();
        this.#waiters.delete(check);
        resolve();
      };
      const timer = this.options.timers.set(limitMs, () => {
        this.#waiters.delete(check);
        reject(
          new BanyanError(
            'TIMEOUT',
            `the write is made in ${this.options.sourceDatacenter} but did not arrive here within ${limitMs} ms`,
          ),
        );
      });
      this.#waiters.add(check);
    });
  }

  async #turn(signal: AbortSignal): Promise<number> {
    const fence = this.options.fence();
    if (fence === undefined) return 500;
    const cursor = await this.#cursor();
    this.#update({ lastAttemptAt: this.options.clock.now(), appliedIndex: cursor.index });
    const silence = new Silence(this.options.timers, signal);
    try {
      let parts: FeedItem[] = [];
      for await (const event of this.options.client.follow(cursor, silence.signal)) {
        silence.heard();
        if (event.kind === 'snapshot') {
          parts.push(...event.items);
          if (event.more) continue;
          await this.#apply({ ...event, items: parts }, fence);
          parts = [];
        } else if (event.kind === 'changes') {
          await this.#apply(event, fence);
        }
        this.#succeeded(event);
      }
    } finally {
      silence.end();
    }
    throw new BanyanError('DATACENTER_UNREACHABLE', 'the change feed ended');
  }

  async #cursor(): Promise<FeedCursor> {
    const row = await this.options.store.dataSource.manager.findOne(ReplicationCursorRow, {
      where: { stream: this.options.stream },
    });
    return row === null ? { index: stateIndex(0) } : { epoch: row.epoch, index: row.index };
  }

  async #apply(event: FeedEvent, fence: Fence): Promise<void> {
    const { store, follower, logger } = this.options;
    const { value: written, index } = await store.run(
      async (tx) => {
        let count = 0;
        if (event.kind === 'snapshot') count += await this.#stageMissing(tx, event.items);
        for (const item of event.items) if (await this.#stage(tx, item)) count += 1;
        await this.#moveCursor(tx, event);
        return count;
      },
      { fence },
    );
    await follower.reached(index, { limitMs: 10_000 });
    if (written > 0)
      logger.info('replicated', { kind: event.kind, written, items: event.items.length, index: event.index });
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
    const row = { stream, sourceDatacenter, epoch: event.epoch, index: event.index, appliedAt: clock.now() };
    await tx.manager.upsert(ReplicationCursorRow, row, ['stream']);
  }

  #succeeded(event: FeedEvent): void {
    const { logger, clock } = this.options;
    if (this.#status.state !== 'READY') logger.info('replication ready', { index: event.index, epoch: event.epoch });
    this.#update({
      state: 'READY',
      reason: '',
      epoch: event.epoch,
      appliedIndex: event.index,
      sourceIndex: event.index,
      lastSuccessAt: clock.now(),
      consecutiveFailures: 0,
    });
  }

  #failed(error: unknown, failures: number): void {
    const code = isBanyanError(error) ? error.code : 'INTERNAL';
    const state = stateOfFailure(code);
    if (this.#status.state !== state)
      this.options.logger.warn('replication interrupted', { state, code, reason: messageOf(error) });
    this.#update({ state, reason: messageOf(error), lastErrorCode: code, consecutiveFailures: failures });
  }

  #update(change: Partial<ReplicationStatus>): void {
    this.#status = { ...this.#status, ...change };
    for (const waiter of [...this.#waiters]) waiter();
  }
}

/** Aborts when nothing was heard for too long, or when the owner stops. */
class Silence {
  readonly #abort = new AbortController();
  #timer: { clear(): void };
  readonly #onStop = (): void => this.#abort.abort(this.outer.reason);

  constructor(
    private readonly timers: Timers,
    private readonly outer: AbortSignal,
  ) {
    outer.addEventListener('abort', this.#onStop, { once: true });
    this.#timer = this.#arm();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  heard(): void {
    this.#timer.clear();
    this.#timer = this.#arm();
  }

  end(): void {
    this.#timer.clear();
    this.outer.removeEventListener('abort', this.#onStop);
  }

  #arm(): { clear(): void } {
    return this.timers.set(SILENCE_LIMIT_MS, () =>
      this.#abort.abort(
        new BanyanError('DATACENTER_UNREACHABLE', `the primary has said nothing for ${SILENCE_LIMIT_MS} ms`),
      ),
    );
  }
}
