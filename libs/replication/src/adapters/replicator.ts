import {
  BackgroundTask,
  backoffDelayMs,
  BanyanError,
  type Clock,
  isBanyanError,
  type Logger,
  messageOf,
  type Random,
  stateIndex,
  type Timers,
} from '@banyan/kernel';
import type { Fence, ReplicatedTopic, Store } from '@banyan/store';
import type { ChangeFollower } from '@banyan/watch';
import { FeedAssembly } from '../domain/feed-assembly.js';
import type { FeedEvent } from '../domain/feed-event.js';
import { type ReplicationStatus, stateOfFailure } from '../domain/replication-status.js';
import type { FeedClient } from '../ports/feed-client.js';
import { FeedApplier } from './feed-applier.js';
import { Silence } from './silence.js';

export interface ReplicatorOptions {
  readonly stream: string;
  /** Name of the source, once it is known. */
  readonly sourceDatacenter: () => string;
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

/** With the channel's own pause of 1 s at most, a healed WAN is used within about 2 s; the contract allows 5 s until in sync. */
const BACKOFF = { firstMs: 200, capMs: 1_000 };
/** Longer than two heartbeats: a feed that says nothing for so long is dead. */
const SILENCE_LIMIT_MS = 6_000;
/** Without the lease, how far the holder is comes from the store, this often. */
const STANDBY_LOOK_MS = 500;
/** A heartbeat moves the stored cursor at most this often: its index says that nothing before it is missing here. */
const HEARTBEAT_STORED_MS = 1_000;

/** Follows the primary's feed and applies it, on the server that holds the lease; the others look how far it is. */
export class Replicator {
  readonly #task: BackgroundTask;
  readonly #applier: FeedApplier;
  #status: ReplicationStatus = {
    state: 'STARTING',
    reason: 'not tried yet',
    appliedIndex: stateIndex(0),
    sourceIndex: stateIndex(0),
    consecutiveFailures: 0,
  };
  readonly #waiters = new Set<() => void>();
  #stored = { index: stateIndex(0), at: 0 };

  constructor(private readonly options: ReplicatorOptions) {
    this.#applier = new FeedApplier(options);
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
            `the write is made in ${this.options.sourceDatacenter()} but did not arrive here within ${limitMs} ms`,
          ),
        );
      });
      this.#waiters.add(check);
    });
  }

  async #turn(signal: AbortSignal): Promise<number> {
    const fence = this.options.fence();
    const cursor = await this.#applier.cursor();
    if (fence === undefined) {
      // The rows came with the cursor: whoever waits for it must find them in this server's memory, too.
      if (cursor.index > this.#status.appliedIndex) await this.#caughtUp();
      const reason = 'another server of this datacenter holds the lease and replicates';
      this.#update({ state: 'STANDBY', reason, appliedIndex: cursor.index, consecutiveFailures: 0 });
      return STANDBY_LOOK_MS;
    }
    this.#stored = { index: cursor.index, at: 0 };
    this.#update({ lastAttemptAt: this.options.clock.now(), appliedIndex: cursor.index });
    const silence = new Silence(this.options.timers, SILENCE_LIMIT_MS, signal);
    let worked = false;
    try {
      const assembly = new FeedAssembly(cursor);
      for await (const part of this.options.client.follow(cursor, silence.signal)) {
        silence.heard();
        const event = assembly.take(part);
        if (event === undefined) continue;
        await this.#apply(event, fence);
        this.#succeeded(event);
        worked = true;
      }
      throw new BanyanError('DATACENTER_UNREACHABLE', 'the change feed ended');
    } catch (error) {
      const reason: unknown = silence.fell ? silence.signal.reason : error;
      if (!worked || signal.aborted) throw reason;
      // It worked until now: this is the first failure since, however many there were before.
      this.#failed(reason, 1);
      return backoffDelayMs(BACKOFF, 1, this.options.random);
    } finally {
      silence.end();
    }
  }

  async #apply(event: FeedEvent, fence: Fence): Promise<void> {
    const { follower, logger, clock } = this.options;
    if (event.kind === 'heartbeat') {
      const isDue = event.index > this.#stored.index && clock.now() >= this.#stored.at + HEARTBEAT_STORED_MS;
      if (!isDue) return;
    }
    const { written, index } = await this.#applier.apply(event, fence);
    this.#stored = { index: event.index, at: clock.now() };
    await follower.reached(index, { limitMs: 10_000 });
    if (written > 0)
      logger.info('replicated', { kind: event.kind, written, items: event.items.length, index: event.index });
  }

  async #caughtUp(): Promise<void> {
    const { store, follower } = this.options;
    await follower.reached(await store.currentIndex(), { limitMs: 10_000 });
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
    this.#waiters.forEach((waiter) => waiter());
  }
}
