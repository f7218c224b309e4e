import { BanyanError, type Clock, type ErrorCode, isBanyanError, messageOf } from '@banyan/kernel';
import type { ReplicatedItem, ReplicatedTopic, Transaction } from '@banyan/store';
import { type Deletion, deletionsHash, type GuardLimits, reasonToHold } from '../domain/deletion-guard.js';
import type { FeedEvent, FeedItem } from '../domain/feed-event.js';
import type { ReplicationStream, StreamObjection } from '../domain/replication-stream.js';
import { lockHold, ReplicationHoldRow } from './hold-rows.js';
import { recentDeletions } from './recent-deletions.js';
import { ReplicationQuarantineRow, setAside } from './quarantine-rows.js';

/** A refusal that is the whole round's, not one record's. */
const ROUND_CODES: ReadonlySet<ErrorCode> = new Set([
  'LEASE_LOST',
  'STORE_UNREACHABLE',
  'ABORTED',
  'TIMEOUT',
  'INTERNAL',
  'TRUST_DOMAIN_MISMATCH',
  'TWO_PRIMARIES',
]);

/** Refusals of records that were found before the round: by a dry run of the whole batch. */
export type KnownFaults = ReadonlyMap<FeedItem, BanyanError>;

/** What {@link StreamRound} needs. */
export interface StreamRoundOptions {
  readonly stream: ReplicationStream;
  readonly clock: Clock;
  readonly limits: GuardLimits;
  readonly event: FeedEvent;
  readonly faults: KnownFaults;
}

/** What a round did to a stream. */
export interface RoundOutcome {
  readonly written: number;
  readonly held: number;
  readonly setAside: number;
  /** The changes say that a snapshot would find the source better. */
  readonly lookAgain: boolean;
}

const nameOf = ({ topic, key }: Deletion): string => `${topic} ${key}`;

/** One stream's part of one event, staged in the event's transaction. */
export class StreamRound {
  #written = 0;
  #held = 0;
  /** Names of the records of this event that were set aside. */
  readonly #refused = new Set<string>();

  constructor(
    private readonly options: StreamRoundOptions,
    private readonly tx: Transaction,
  ) {}

  /** Stages the round. `epochChanged`: the event is the first of another epoch than the one followed so far. */
  async stage(items: readonly FeedItem[], epochChanged: boolean): Promise<RoundOutcome> {
    const { stream } = this.options;
    const isSnapshot = this.options.event.kind === 'snapshot';
    if (!isSnapshot && items.length === 0) return this.#outcome();
    const hold = await lockHold(this.tx.manager, stream.name);
    if (!isSnapshot && hold !== null && hold.code !== 'REPLICATION_HELD') return this.#passOver(hold);
    const stored = isSnapshot ? await this.#stored() : undefined;
    if (stored !== undefined) {
      const objection = this.#objection(stored, items, { epochChanged, hold });
      if (objection !== undefined) return this.#holdAll({ stored, items, hold }, objection);
    }
    const deletions = stored === undefined ? await this.#named(items, hold) : absent(stored, items);
    const releasable = await this.#guard(deletions, { stored, items, hold });
    for (const deletion of releasable) await this.#delete(deletion);
    for (const item of items) if (item.operation === 'upsert') await this.#upsert(item, stored?.get(nameOf(item)));
    await this.#forgetSetAside(items, isSnapshot);
    return this.#outcome();
  }

  #outcome(): RoundOutcome {
    return { written: this.#written, setAside: this.#refused.size, held: this.#held, lookAgain: false };
  }

  /** Changes of a stream that is held as a whole: only a snapshot can tell whether the source is as expected by now. */
  #passOver(hold: ReplicationHoldRow): RoundOutcome {
    return { ...this.#outcome(), held: Math.max(1, hold.deletions.length), lookAgain: true };
  }

  /** Every record that is here, by name: its hash. */
  async #stored(): Promise<Map<string, StoredRecord>> {
    const stored = new Map<string, StoredRecord>();
    for (const topic of this.options.stream.topics) {
      for (const item of await topic.snapshot(this.tx.manager)) {
        stored.set(nameOf({ topic: topic.topic, key: item.key }), { topic: topic.topic, ...item });
      }
    }
    return stored;
  }

  /** The records that changes name as deleted, and that are here and not held already. */
  async #named(items: readonly FeedItem[], hold: ReplicationHoldRow | null): Promise<Deletion[]> {
    const held = new Set((hold?.deletions ?? []).map(nameOf));
    const found: Deletion[] = [];
    for (const topic of this.options.stream.topics) {
      const keys = items
        .filter((item) => item.operation === 'delete' && item.topic === topic.topic && !held.has(nameOf(item)))
        .map((item) => item.key);
      if (keys.length === 0) continue;
      for (const { key } of await topic.read(this.tx.manager, keys)) found.push({ topic: topic.topic, key });
    }
    return found;
  }

  #objection(
    stored: ReadonlyMap<string, StoredRecord>,
    items: readonly FeedItem[],
    { epochChanged, hold }: { readonly epochChanged: boolean; readonly hold: ReplicationHoldRow | null },
  ): StreamObjection | undefined {
    const { stream } = this.options;
    // What was held for an objection is looked at again in every snapshot, until the source has what it lacked.
    const isDue = epochChanged || hold?.code === 'ROOT_GENERATION_LOWER';
    const objection = isDue ? stream.object?.([...stored.values()], items) : undefined;
    const approved = hold?.approved === true && hold.hash === this.#hashOf(stored, items);
    return approved ? undefined : objection;
  }

  /** Names the whole difference: what is held for an objection is more than deletions. */
  #hashOf(stored: ReadonlyMap<string, StoredRecord>, items: readonly FeedItem[]): string {
    return deletionsHash(this.options.stream.name, [
      ...absent(stored, items),
      ...items
        .filter((item) => stored.get(nameOf(item))?.contentHash !== item.contentHash)
        .map(({ topic, key, contentHash }) => ({ topic, key: `${key} ${contentHash}` })),
    ]);
  }

  async #holdAll(
    {
      stored,
      items,
      hold,
    }: {
      readonly stored: ReadonlyMap<string, StoredRecord>;
      readonly items: readonly FeedItem[];
      readonly hold: ReplicationHoldRow | null;
    },
    objection: StreamObjection,
  ): Promise<RoundOutcome> {
    const deletions = absent(stored, items);
    const hash = this.#hashOf(stored, items);
    this.#held = Math.max(1, deletions.length);
    await this.#keepHold({ ...objection, hash, deletions, localCount: stored.size }, hold);
    return this.#outcome();
  }

  /** What of the deletions may be applied now; the rest is held. A hold ends when its records are at the source again. */
  async #guard(
    deletions: readonly Deletion[],
    round: {
      readonly stored: ReadonlyMap<string, StoredRecord> | undefined;
      readonly items: readonly FeedItem[];
      readonly hold: ReplicationHoldRow | null;
    },
  ): Promise<readonly Deletion[]> {
    const { stream, limits } = this.options;
    const { stored, items, hold } = round;
    const back = new Set(items.filter((item) => item.operation === 'upsert').map(nameOf));
    const waiting = stored === undefined ? (hold?.deletions ?? []).filter((one) => !back.has(nameOf(one))) : [];
    const isJudged = stream.guarded && deletions.length > 0;
    const recent = isJudged ? await recentDeletions(this.tx, stream) : 0;
    const isMuch = deletions.length + recent > limits.free;
    const localCount = stored?.size ?? (isMuch ? (await this.#stored()).size : limits.free);
    const sourceCount = stored === undefined ? undefined : items.length;
    const reason = isJudged
      ? reasonToHold({ deletions: deletions.length, localCount, recent, sourceCount }, limits)
      : undefined;
    const held = reason === undefined ? waiting : [...waiting, ...deletions];
    if (held.length === 0) {
      if (hold !== null) await this.tx.manager.delete(ReplicationHoldRow, { stream: stream.name });
      return deletions;
    }
    this.#held = held.length;
    const hash = deletionsHash(stream.name, held);
    const kept = {
      code: 'REPLICATION_HELD' as const,
      reason: reason ?? hold!.reason,
      hash,
      deletions: held,
      localCount,
    };
    await this.#keepHold(kept, hold);
    return reason === undefined ? deletions : [];
  }

  async #keepHold(
    next: Pick<ReplicationHoldRow, 'code' | 'reason' | 'hash' | 'deletions' | 'localCount'>,
    hold: ReplicationHoldRow | null,
  ): Promise<void> {
    if (hold?.hash === next.hash && hold.epoch === this.options.event.epoch) return;
    await this.tx.manager.upsert(
      ReplicationHoldRow,
      {
        ...next,
        stream: this.options.stream.name,
        epoch: this.options.event.epoch,
        index: this.options.event.index,
        approved: false,
        since: hold?.since ?? this.options.clock.now(),
      },
      ['stream'],
    );
  }

  async #delete({ topic, key }: Deletion): Promise<void> {
    if (await this.#topic(topic).stageDelete(this.tx, key)) this.#written += 1;
  }

  async #upsert(item: FeedItem, stored: StoredRecord | undefined): Promise<void> {
    if (stored?.contentHash === item.contentHash) return;
    try {
      const known = this.options.faults.get(item);
      if (known !== undefined) throw known;
      if (await this.#topic(item.topic).stage(this.tx, item)) this.#written += 1;
    } catch (error) {
      if (!isBanyanError(error) || ROUND_CODES.has(error.code)) throw error;
      this.#refused.add(nameOf(item));
      await setAside(this.tx.manager, this.#quarantined(item, error));
    }
  }

  #quarantined(item: FeedItem, error: BanyanError): ReplicationQuarantineRow {
    const { topic, key, contentHash } = item;
    const { epoch, index } = this.options.event;
    const place = { stream: this.options.stream.name, epoch, index, since: this.options.clock.now() };
    return { topic, key, contentHash, code: error.code, reason: messageOf(error), ...place };
  }

  /** Whoever was set aside and is good now, or is gone at the source, is no longer set aside. */
  async #forgetSetAside(items: readonly FeedItem[], complete: boolean): Promise<void> {
    const { stream } = this.options;
    const rows = await this.tx.manager.find(ReplicationQuarantineRow, { where: { stream: stream.name } });
    const byName = new Map(items.map((item) => [nameOf(item), item]));
    for (const row of rows) {
      const item = byName.get(nameOf(row));
      const isGone = item === undefined ? complete : item.operation === 'delete';
      const isGood = item?.operation === 'upsert' && !this.#refused.has(nameOf(row));
      if (isGone || isGood) await this.tx.manager.delete(ReplicationQuarantineRow, { topic: row.topic, key: row.key });
    }
  }

  #topic(name: string): ReplicatedTopic {
    const topic = this.options.stream.topics.find((each) => each.topic === name);
    if (topic === undefined) throw new BanyanError('REQUEST_INVALID', `the feed carries the unknown topic ${name}`);
    return topic;
  }
}

interface StoredRecord extends ReplicatedItem {
  readonly topic: string;
}

/** The records that are here and that a complete snapshot does not name. */
const absent = (stored: ReadonlyMap<string, StoredRecord>, items: readonly FeedItem[]): Deletion[] => {
  const named = new Set(items.map(nameOf));
  return [...stored.values()].filter((record) => !named.has(nameOf(record))).map(({ topic, key }) => ({ topic, key }));
};
