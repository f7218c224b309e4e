import {
  BanyanError,
  SecretText,
  SilentLogger,
  SystemClock,
  SystemRandom,
  SystemTimers,
  type Timers,
} from '@banyan/kernel';
import { type IntentionDraft, intentionReplica, StoreIntentionWriter } from '@banyan/intentions';
import type { Fence, ReplicatedTopic, Store } from '@banyan/store';
import { eventually, type HeldLease, holdLease } from '@banyan/testkit';
import { ChangeFollower } from '@banyan/watch';
import { FeedClient, type FeedCursor, type FeedEvent, FeedSource, Replicator } from '../src/index.js';

const clock = new SystemClock();
const random = new SystemRandom();
const systemTimers = new SystemTimers();
const logger = new SilentLogger();
const context = { token: new SecretText('not used by the store'), accessorId: 'a' };

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

  constructor(private readonly source: FeedSource) {
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
  readonly topics?: readonly ReplicatedTopic[];
  readonly fence?: () => Fence | undefined;
  readonly follower?: ChangeFollower;
}

/** A primary and a secondary store, with a feed of intentions between them. */
export class TwoDatacenters {
  readonly wan: TestWan;
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
    );
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
      stream: 'primary',
      sourceDatacenter: () => 'dc1',
      store: this.secondary,
      follower: change.follower ?? this.followers.secondary,
      topics: change.topics ?? [intentionReplica],
      client: this.wan,
      fence: change.fence ?? (() => this.fence),
      clock,
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
    await replicator.applied(await this.primary.currentIndex(), 10_000);
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
