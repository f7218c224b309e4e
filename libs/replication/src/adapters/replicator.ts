import {
  BackgroundTask,
  backoffDelayMs,
  BanyanError,
  type Clock,
  isBanyanError,
  type Logger,
  messageOf,
  type Random,
  SECOND,
  type StateIndex,
  stateIndex,
  type Timers,
} from '@banyan/kernel';
import type { Fence, Store } from '@banyan/store';
import { inSpan } from '@banyan/telemetry';
import type { ChangeFollower } from '@banyan/watch';
import type { GuardLimits } from '../domain/deletion-guard.js';
import { FeedAssembly } from '../domain/feed-assembly.js';
import type { FeedCursor, FeedEvent } from '../domain/feed-event.js';
import type { ReplicationStream } from '../domain/replication-stream.js';
import { type ReplicationStatus, stateOfFailure } from '../domain/replication-status.js';
import type { FeedClient } from '../ports/feed-client.js';
import { AppliedWaits } from './applied-waits.js';
import { FeedApplier } from './feed-applier.js';
import { Silence } from './silence.js';

/** What {@link Replicator} needs. */
export interface ReplicatorOptions {
  /** Name of the feed. */
  readonly feed: string;
  /** Name of the source, once it is known. */
  readonly sourceDatacenter: () => string;
  readonly store: Store;
  readonly follower: ChangeFollower;
  /** What the feed carries, in the order in which it is applied. */
  readonly streams: readonly ReplicationStream[];
  readonly limits?: GuardLimits;
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
/** While something is held or set aside, the source is looked at as a whole this often: it may be fine again. */
const LOOK_AGAIN_MS = 30 * SECOND;
/** What is said of a server that only watches another one replicate. */
const STANDBY_REASON = 'another server of this datacenter holds the lease and replicates';

/** Follows the primary's feed and applies it, on the server that holds the lease; the others look how far it is. */
export class Replicator {
  readonly #task: BackgroundTask;
  readonly #applier: FeedApplier;
  readonly #waits: AppliedWaits;
  readonly #changedIndexes = new Map<string, StateIndex>();
  readonly #listeners = new Set<(status: ReplicationStatus) => void>();
  #status: ReplicationStatus = {
    state: 'STARTING',
    reason: 'not tried yet',
    appliedIndex: stateIndex(0),
    sourceIndex: stateIndex(0),
    consecutiveFailures: 0,
  };
  #stored = { index: stateIndex(0), at: 0 };
  /** Ends the feed that is followed now: its token is another one, or the source is to be looked at again. */
  #reconnect = new AbortController();
  #lookAgainAt: number | undefined;

  constructor(private readonly options: ReplicatorOptions) {
    this.#applier = new FeedApplier(options);
    this.#waits = new AppliedWaits(options.timers, () => this.#status);
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

  /** Index of the source's last change of a stream that was applied by this server; 0 before the first. */
  changedIndex(stream: string): StateIndex {
    return this.#changedIndexes.get(stream) ?? stateIndex(0);
  }

  /** Calls `listener` with every later status; returns what ends that. */
  onStatus(listener: (status: ReplicationStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  start(): void {
    this.#task.start();
  }

  /** Tries at once: the lease was taken, or the WAN is back. */
  wake(): void {
    this.#task.wake();
  }

  /** Follows anew, with the token as it is now. */
  reconnect(): void {
    this.#reconnect.abort();
    this.#task.wake();
  }

  /** Looks at the whole source at once: somebody confirmed what was held, or wants to know. */
  lookAgain(): void {
    this.#lookAgainAt = 0;
    this.reconnect();
  }

  /** Ends what runs and every wait, those with `ABORTED`. */
  async stop(): Promise<void> {
    this.#waits.end();
    await this.#task.stop();
  }

  /**
   * Resolves when what the source had at `index` of `epoch` is applied here. Throws `TIMEOUT` after `limitMs` (also when
   * the source has begun another epoch meanwhile: the write may be lost), `ABORTED` when this server stops.
   */
  applied(place: FeedCursor, limitMs: number): Promise<void> {
    return this.#waits.wait(place, limitMs, this.options.sourceDatacenter);
  }

  async #turn(signal: AbortSignal): Promise<number> {
    const fence = this.options.fence();
    const cursor = await this.#applier.cursor();
    if (fence === undefined) return this.#standBy(cursor);
    this.#reconnect = new AbortController();
    this.#stored = { index: cursor.index, at: 0 };
    this.#update({
      lastAttemptAt: this.options.clock.now(),
      ...placeOf(cursor),
      source: this.options.sourceDatacenter(),
    });
    const silence = new Silence(
      this.options.timers,
      SILENCE_LIMIT_MS,
      AbortSignal.any([signal, this.#reconnect.signal]),
    );
    const from = await this.#whereFrom(cursor);
    let worked = false;
    try {
      const assembly = new FeedAssembly(from);
      for await (const part of this.options.client.follow(from, silence.signal)) {
        silence.heard();
        const event = assembly.take(part);
        if (event === undefined) continue;
        await this.#apply(event, fence);
        this.#succeeded(event);
        worked = true;
        if (this.#isLookDue()) return 0;
      }
      throw new BanyanError('DATACENTER_UNREACHABLE', 'the change feed ended');
    } catch (error) {
      if (this.#reconnect.signal.aborted && !signal.aborted) return 0;
      const reason: unknown = silence.fell ? silence.signal.reason : error;
      if (!worked || signal.aborted) throw reason;
      // It worked until now: this is the first failure since, however many there were before.
      this.#failed(reason, 1);
      return backoffDelayMs(BACKOFF, 1, this.options.random);
    } finally {
      silence.end();
    }
  }

  async #standBy(cursor: FeedCursor): Promise<number> {
    // The rows came with the cursor: whoever waits for it must find them in this server's memory, too.
    const isNews = cursor.index > this.#status.appliedIndex || cursor.epoch !== this.#status.epoch;
    if (isNews) await this.#caughtUp();
    this.#update({ state: 'STANDBY', reason: STANDBY_REASON, ...placeOf(cursor), consecutiveFailures: 0 });
    return STANDBY_LOOK_MS;
  }

  /** From the cursor; from nothing, and so with a snapshot, when the whole source is to be looked at. */
  async #whereFrom(cursor: FeedCursor): Promise<FeedCursor> {
    const now = this.options.clock.now();
    this.#lookAgainAt ??= (await this.#applier.isUnsettled()) ? now : undefined;
    if (!this.#isLookDue()) return cursor;
    this.#lookAgainAt = now + LOOK_AGAIN_MS;
    return { index: stateIndex(0) };
  }

  #isLookDue(): boolean {
    return this.#lookAgainAt !== undefined && this.options.clock.now() >= this.#lookAgainAt;
  }

  /** A round with something in it is a trace; heartbeats are none. */
  #apply(event: FeedEvent, fence: Fence): Promise<void> {
    if (event.kind === 'heartbeat') return this.#applyRound(event, fence);
    const attributes = {
      'banyan.round': event.kind,
      'banyan.items': event.items.length,
      'banyan.index': event.index,
      'banyan.source': this.options.sourceDatacenter(),
    };
    return inSpan({ name: 'replication.round', attributes }, () => this.#applyRound(event, fence));
  }

  async #applyRound(event: FeedEvent, fence: Fence): Promise<void> {
    const { follower, logger, clock } = this.options;
    if (event.kind === 'heartbeat') {
      const isDue = event.index > this.#stored.index && clock.now() >= this.#stored.at + HEARTBEAT_STORED_MS;
      if (!isDue) return;
    }
    const { written, index, streams, isUnsettled, lookAgain } = await this.#applier.apply(event, fence);
    this.#stored = { index: event.index, at: clock.now() };
    await follower.reached(index, { limitMs: 10_000 });
    for (const stream of streams) this.#changedIndexes.set(stream, event.index);
    if (event.kind !== 'heartbeat') this.#noteUnsettled(isUnsettled, lookAgain);
    if (written > 0)
      logger.debug('replicated', { kind: event.kind, written, items: event.items.length, index: event.index });
  }

  #noteUnsettled(isUnsettled: boolean, lookAgain: boolean): void {
    const now = this.options.clock.now();
    if (!isUnsettled) this.#lookAgainAt = undefined;
    else if (lookAgain) this.#lookAgainAt = now;
    else this.#lookAgainAt ??= now + LOOK_AGAIN_MS;
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
      sourceIndex: event.latest,
      lastSuccessAt: clock.now(),
      consecutiveFailures: 0,
    });
  }

  #failed(error: unknown, failures: number): void {
    const code = isBanyanError(error) ? error.code : 'INTERNAL';
    const state = stateOfFailure(code);
    const reason = messageOf(error);
    if (this.#status.state !== state) this.options.logger.warn('replication interrupted', { state, code, reason });
    this.#update({
      state,
      reason,
      lastErrorCode: code,
      lastErrorReason: reason,
      lastErrorAt: this.options.clock.now(),
      consecutiveFailures: failures,
    });
  }

  #update(change: Partial<ReplicationStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#waits.look();
    for (const listener of this.#listeners) listener(this.#status);
  }
}

const placeOf = (cursor: FeedCursor): Partial<ReplicationStatus> => ({
  appliedIndex: cursor.index,
  ...(cursor.epoch !== undefined && { epoch: cursor.epoch }),
});
