import {
  BanyanError,
  type Clock,
  contentHash,
  type JsonValue,
  SecretText,
  SilentLogger,
  stateIndex,
  SystemClock,
  SystemRandom,
  SystemTimers,
  type Timers,
} from '@banyan/kernel';
import {
  checkedEntry,
  type IntentionDraft,
  intentionReplica,
  ServiceIntentionsRow,
  StoreIntentionWriter,
} from '@banyan/intentions';
import type { Fence, Store } from '@banyan/store';
import { eventually, type HeldLease, holdLease } from '@banyan/testkit';
import { ChangeFollower } from '@banyan/watch';
import {
  FeedClient,
  type FeedCursor,
  type FeedEvent,
  FeedSource,
  ReplicationCursorRow,
  ReplicationHoldRow,
  ReplicationQuarantineRow,
  ReplicationRecords,
  type ReplicationStream,
  Replicator,
  SourceHistory,
} from '../src/index.js';

const clock = new SystemClock();
const random = new SystemRandom();
const systemTimers = new SystemTimers();
const logger = new SilentLogger();
const context = { token: new SecretText('not used by the store'), accessorId: 'a' };

/** The row classes that a datacenter of these tests needs. */
export const ENTITIES = [ServiceIntentionsRow, ReplicationCursorRow, ReplicationHoldRow, ReplicationQuarantineRow];

export const INTENTIONS: ReplicationStream = { name: 'intentions', topics: [intentionReplica], guarded: true };

/** The WAN between two stores of one process: can be cut, can fall silent, and can change what it carries. */
export class TestWan extends FeedClient {
  /** With which cursor each connection began. */
  readonly cursors: FeedCursor[] = [];
  /** What was carried, connection after connection. */
  readonly carried: FeedEvent[] = [];
  /** Turns an event into what arrives instead. */
  carry: (event: FeedEvent) => readonly FeedEvent[] = (event) => [event];
  #cut: BanyanError | undefined;
  #silent = false;
  #breaks = new AbortController();

  constructor(
    private readonly source: FeedSource,
    private readonly history: SourceHistory,
  ) {
    super();
  }

  /** Every connection ends with this error, and every later one until {@link heal}. */
  cut(error = new BanyanError('DATACENTER_UNREACHABLE', 'the WAN is cut')): void {
    this.#cut = error;
    this.#breaks.abort(error);
    this.#breaks = new AbortController();
  }

  /** Connections stay open, but carry nothing more. */
  silence(): void {
    this.#silent = true;
  }

  heal(): void {
    this.#cut = undefined;
    this.#silent = false;
  }

  override async *follow(cursor: FeedCursor, signal: AbortSignal): AsyncGenerator<FeedEvent> {
    if (this.#cut !== undefined) throw this.#cut;
    await this.history.compare('dc2', cursor);
    this.cursors.push(cursor);
    const ended = AbortSignal.any([signal, this.#breaks.signal]);
    for await (const event of this.source.follow(cursor, ended)) {
      if (this.#silent && !ended.aborted)
        await new Promise((resolve) => ended.addEventListener('abort', resolve, { once: true }));
      if (ended.aborted) break;
      for (const arriving of this.carry(event)) {
        this.carried.push(arriving);
        yield arriving;
      }
    }
    ended.throwIfAborted();
  }
}

const followerOf = async (store: Store): Promise<ChangeFollower> => {
  const follower = new ChangeFollower({ log: store, timers: systemTimers, random, logger });
  await follower.start();
  return follower;
};

/** What may differ of a secondary's server. */
export interface SecondaryChange {
  readonly timers?: Timers;
  readonly streams?: readonly ReplicationStream[];
  readonly source?: () => string;
  readonly clock?: Clock;
  readonly fence?: () => Fence | undefined;
  readonly follower?: ChangeFollower;
}

/** A primary and a secondary store, with a feed of intentions between them. */
export class TwoDatacenters {
  readonly wan: TestWan;
  readonly history: SourceHistory;
  readonly records: ReplicationRecords;
  readonly #writer: StoreIntentionWriter;
  readonly #replicators: Replicator[] = [];

  private constructor(
    readonly primary: Store,
    readonly secondary: Store,
    private readonly followers: { readonly primary: ChangeFollower; readonly secondary: ChangeFollower },
    private readonly lease: HeldLease,
  ) {
    this.#writer = new StoreIntentionWriter(primary, logger);
    this.wan = new TestWan(
      new FeedSource({
        store: primary,
        follower: followers.primary,
        topics: [intentionReplica],
        clock,
        timers: systemTimers,
      }),
      (this.history = new SourceHistory({ store: primary, clock, logger })),
    );
    this.records = new ReplicationRecords(secondary, [INTENTIONS]);
  }

  get fence(): Fence {
    return this.lease.fence;
  }

  static async open(primary: Store, secondary: Store): Promise<TwoDatacenters> {
    const followers = { primary: await followerOf(primary), secondary: await followerOf(secondary) };
    return new TwoDatacenters(primary, secondary, followers, await holdLease(secondary));
  }

  /** A server of the secondary that replicates, started. */
  replicate(change: SecondaryChange = {}): Replicator {
    const replicator = new Replicator({
      feed: 'primary',
      sourceDatacenter: change.source ?? (() => 'dc1'),
      store: this.secondary,
      follower: change.follower ?? this.followers.secondary,
      streams: change.streams ?? [INTENTIONS],
      client: this.wan,
      fence: change.fence ?? (() => this.fence),
      clock: change.clock ?? clock,
      timers: change.timers ?? systemTimers,
      random,
      logger,
    });
    this.#replicators.push(replicator);
    replicator.start();
    return replicator;
  }

  /** Writes at the primary; resolves to its index. */
  allow(sourceName: string, destinationName: string): Promise<number> {
    const draft: IntentionDraft = { sourceName, destinationName, action: 'allow' };
    return this.#writer.upsert(context, draft);
  }

  forget(sourceName: string, destinationName: string): Promise<number> {
    return this.#writer.delete(context, sourceName, destinationName);
  }

  /** Key and content hash of every record. */
  async rows(of: 'primary' | 'secondary'): Promise<string[]> {
    const items = await intentionReplica.snapshot(this[of].dataSource.manager);
    return items.map((item) => `${item.key} ${item.contentHash}`).toSorted();
  }

  /** Waits until a replicator has all that the primary has. */
  async converged(replicator: Replicator): Promise<void> {
    const { epoch } = this.primary;
    await eventually('the replicator is of our epoch', () => replicator.status.epoch === epoch);
    await this.arrived(replicator, await this.primary.currentIndex());
  }

  /** Waits until a replicator has what the primary had at an index. */
  arrived(replicator: Replicator, index: number, limitMs = 10_000): Promise<void> {
    return replicator.applied({ epoch: this.primary.epoch, index: stateIndex(index) }, limitMs);
  }

  /** Intentions of a hundred destinations and more, in one transaction. */
  async allowMany(count: number, from = 0): Promise<void> {
    await this.primary.run(async (tx) => {
      for (let n = from; n < from + count; n += 1) {
        const entry = checkedEntry({
          name: `svc${String(n).padStart(5, '0')}`,
          sources: [{ name: 'web', action: 'allow', type: 'consul', precedence: 0 }],
        });
        const { name, sources } = entry;
        const body = { name, sources } as unknown as JsonValue;
        await intentionReplica.stage(tx, { key: name, contentHash: contentHash(body), body });
      }
    });
  }

  /** Deletes as a primary does that has lost its intentions: at once. */
  async forgetAll(but: readonly string[] = []): Promise<void> {
    const items = await intentionReplica.snapshot(this.primary.dataSource.manager);
    await this.primary.run(async (tx) => {
      for (const { key } of items) if (!but.includes(key)) await intentionReplica.stageDelete(tx, key);
    });
  }

  /** Deletes just these, in one transaction. */
  async forgetThese(keys: readonly string[]): Promise<void> {
    await this.primary.run(async (tx) => {
      for (const key of keys) await intentionReplica.stageDelete(tx, key);
    });
  }

  async stopReplicating(): Promise<void> {
    for (const replicator of this.#replicators.splice(0)) await replicator.stop();
  }

  async stop(): Promise<void> {
    await this.stopReplicating();
    await this.lease.release();
    await this.followers.primary.stop();
    await this.followers.secondary.stop();
  }
}
