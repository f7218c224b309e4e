import { setMaxListeners } from 'node:events';
import {
  BackgroundTask,
  BanyanError,
  type Clock,
  type EpochMs,
  isBanyanError,
  type Logger,
  messageOf,
  type Random,
  type StateIndex,
  stateIndex,
  SystemClock,
  type Timers,
} from '@banyan/kernel';
import type { Change } from '../domain/change.js';
import { waitFor } from '../domain/wait-for.js';
import { TopicIndexes, Waiters } from '../domain/waiters.js';
import type { CommitLogReader } from '../ports/commit-log-reader.js';
import type { Projection } from '../ports/projection.js';

/** What {@link ChangeFollower} needs. */
export interface ChangeFollowerOptions {
  readonly log: CommitLogReader;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** The longest time between two looks at the log when no hint comes, in ms. Default 1,000. */
  readonly pollMs?: number;
  readonly clock?: Clock;
}

/**
 * Told of every batch, after the projections have it. `reloaded` means that everything may have changed; `changes` is
 * empty then.
 */
export type BatchListener = (changes: readonly Change[], latest: StateIndex, reloaded: boolean) => void;

const DEFAULT_POLL_MS = 1_000;
/** So many polls may be missed before what is in memory is told to be old: a busy moment is no outage. */
const FRESH_POLLS = 3;
/** Lines of the log per turn. */
const BATCH = 1_000;
/** Waiters woken per turn of the event loop: about 10 ms of answering, by the figures for 10,000 watchers. */
const WAKE_SLICE = 250;

/**
 * Follows the commit log: brings the projections up to date, then publishes the indexes and wakes who waits for them.
 * One per process. When the log no longer reaches back, or its epoch changed, the projections load everything again.
 */
export class ChangeFollower {
  readonly #projections: Projection[] = [];
  readonly #listeners = new Set<BatchListener>();
  readonly #waiters = new Waiters(WAKE_SLICE, setImmediate);
  readonly #topics = new TopicIndexes(stateIndex(1));
  readonly #stopped = new AbortController();
  readonly #clock: Clock;
  readonly #task: BackgroundTask;
  #latest: StateIndex = stateIndex(0);
  #epoch: string | undefined;
  #behindSince: EpochMs | undefined;
  #heardAt: EpochMs | undefined;
  /** How often everything was loaded. */
  #loads = 0;
  #started = false;
  #listening: { close(): Promise<void> } | undefined;

  constructor(private readonly options: ChangeFollowerOptions) {
    this.#clock = options.clock ?? new SystemClock();
    // Every wait listens to the owner's stop; ten thousand of them are no leak.
    setMaxListeners(0, this.#stopped.signal);
    this.#task = new BackgroundTask({
      timers: options.timers,
      random: options.random,
      backoff: { firstMs: 100, capMs: 5_000 },
      turn: () => this.#turn(),
      onFailure: (error, failures) => this.#failed(error, failures),
    });
  }

  /** The newest index that the projections have. 0 before {@link start}. */
  get latest(): StateIndex {
    return this.#latest;
  }

  /** Since when the log cannot be read or applied; `undefined` while all is well. For the health registry. */
  get behindSince(): EpochMs | undefined {
    return this.#behindSince;
  }

  /**
   * How long the log has not been heard, in ms; 0 while it is read as often as it should be. What is in memory is as old
   * as this at most. Unlike {@link behindSince} it shows a database that hangs before a read of it has failed.
   */
  get silentMs(): number {
    if (this.#heardAt === undefined) return 0;
    const ageMs = Math.max(0, this.#clock.now() - this.#heardAt);
    return ageMs > FRESH_POLLS * (this.options.pollMs ?? DEFAULT_POLL_MS) ? ageMs : 0;
  }

  /** How many waits are open. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Adds a projection. Only before {@link start}; throws `INTERNAL` later. */
  register(projection: Projection): void {
    if (this.#started) throw new BanyanError('INTERNAL', 'a projection was registered after the follower had started');
    this.#projections.push(projection);
  }

  /** Loads all projections, then follows the log. Throws what the log or a projection throws; may be called again then. */
  async start(): Promise<void> {
    this.#started = true;
    this.#listening ??= await this.options.log.listen(() => this.#task.wake());
    await this.#reload();
    this.#task.start();
  }

  /** Ends all waits with `ABORTED` and resolves when the last turn has ended. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    await this.#listening?.close();
    await this.#task.stop();
  }

  /**
   * Resolves when the projections have `index`: what was committed under it can be read. Throws `TIMEOUT` after
   * `limitMs`, `ABORTED` by the signal or {@link stop}.
   */
  async reached(index: StateIndex, wait: { readonly limitMs: number; readonly signal?: AbortSignal }): Promise<void> {
    if (this.#latest < index) this.#task.wake();
    const isDue = (): boolean => this.#latest >= index;
    if (await this.#wait(isDue, wait.limitMs, wait.signal)) return;
    throw new BanyanError(
      'TIMEOUT',
      `index ${index} was not reached within ${wait.limitMs} ms; this server has ${this.#latest}`,
      {
        fields: { index, latest: this.#latest },
      },
    );
  }

  /** The highest index of any change in `topics`, or that of the last load if there was none since. At least 1. */
  topicIndex(topics: readonly string[]): StateIndex {
    return this.#topics.of(topics);
  }

  /**
   * Resolves when {@link topicIndex} is greater than `minIndex`, when everything was loaded again (a restored log may
   * have a lower index, and the caller has to learn of it), or after `maxWaitMs`. Throws `ABORTED`.
   */
  async changed(
    topics: readonly string[],
    minIndex: StateIndex,
    maxWaitMs: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const loads = this.#loads;
    await this.#wait(() => this.#topics.of(topics) > minIndex || this.#loads !== loads, maxWaitMs, signal);
  }

  /** Adds a listener; the returned function takes it away. */
  onBatch(listener: BatchListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #wait(isDue: () => boolean, limitMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    const signals = signal === undefined ? [this.#stopped.signal] : [this.#stopped.signal, signal];
    return waitFor(this.#waiters, this.options.timers, { isDue, limitMs, signals });
  }

  async #turn(): Promise<number> {
    const page = await this.options.log.changesAfter(this.#latest, BATCH);
    if (!page.reachesBack || page.epoch !== this.#epoch) {
      this.options.logger.warn('the commit log does not continue what is loaded; everything is loaded again', {
        loaded: this.#latest,
        latest: page.latest,
        sameEpoch: page.epoch === this.#epoch,
      });
      await this.#reload();
      return 0;
    }
    const reached = page.changes.at(-1)?.index ?? page.latest;
    if (page.changes.length > 0) await this.#apply(page.changes);
    this.#wellNow();
    if (reached !== this.#latest) this.#publish(page.changes, reached, false);
    return reached < page.latest ? 0 : (this.options.pollMs ?? DEFAULT_POLL_MS);
  }

  async #apply(changes: readonly Change[]): Promise<void> {
    for (const projection of this.#projections) {
      const own = changes.filter((change) => projection.topics.includes(change.topic));
      if (own.length > 0) await projection.apply(own);
    }
  }

  /** The index is read before the rows: they may be newer, and what is newer is applied again. */
  async #reload(): Promise<void> {
    const index = await this.options.log.currentIndex();
    const { epoch } = await this.options.log.changesAfter(index, 1);
    for (const projection of this.#projections) await projection.load();
    this.#epoch = epoch;
    this.#wellNow();
    this.#loads += 1;
    this.#topics.reset(stateIndex(Math.max(1, index)));
    this.#publish([], index, true);
  }

  #wellNow(): void {
    this.#behindSince = undefined;
    this.#heardAt = this.#clock.now();
  }

  #publish(changes: readonly Change[], latest: StateIndex, reloaded: boolean): void {
    for (const change of changes) this.#topics.note(change.topic, change.index);
    this.#latest = latest;
    for (const listener of this.#listeners) this.#tell(listener, changes, reloaded);
    this.#waiters.wake();
  }

  /** A listener that fails is its owner's defect; the log goes on for everybody else. */
  #tell(listener: BatchListener, changes: readonly Change[], reloaded: boolean): void {
    try {
      listener(changes, this.#latest, reloaded);
    } catch (error) {
      this.options.logger.error('a listener of the change follower failed', { reason: messageOf(error) });
    }
  }

  #failed(error: unknown, failures: number): void {
    this.#behindSince ??= this.#clock.now();
    this.options.logger.warn('the commit log could not be followed', {
      code: isBanyanError(error) ? error.code : undefined,
      reason: messageOf(error),
      failures,
      latest: this.#latest,
    });
  }
}
