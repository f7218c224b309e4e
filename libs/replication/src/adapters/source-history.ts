import type { Clock, EpochMs, Logger } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import type { FeedCursor } from '../domain/feed-event.js';

/** What {@link SourceHistory} needs. */
export interface SourceHistoryOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** That a replica knew a history which is not ours. */
export interface HistoryAlarm {
  readonly code: 'HISTORY_RESTORED';
  readonly reason: string;
  readonly at: EpochMs;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * The primary's look at where its replicas stand. A restored database does not know what it lost; its replicas do: when
 * one has followed changes that are not in this log, the primary begins a new epoch, and everybody compares everything.
 */
export class SourceHistory {
  #alarm: HistoryAlarm | undefined;
  /** One look at a time: two replicas that tell of the same loss make one new epoch. */
  #looking: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: SourceHistoryOptions) {}

  /** The last alarm since this server started. */
  get alarm(): HistoryAlarm | undefined {
    return this.#alarm;
  }

  /** Compares a replica's cursor with our log. Resolves to why a new epoch was begun; undefined when all is well. */
  compare(datacenter: string, cursor: FeedCursor): Promise<string | undefined> {
    const look = this.#looking.then(() => this.#look(datacenter, cursor));
    this.#looking = look.catch(() => undefined);
    return look;
  }

  async #look(datacenter: string, cursor: FeedCursor): Promise<string | undefined> {
    const { store, clock, logger } = this.options;
    const lost = await this.#lost(datacenter, cursor);
    if (lost === undefined) return undefined;
    const also = cursor.epoch !== undefined && UUID.test(cursor.epoch) ? [cursor.epoch] : [];
    const before = store.epoch;
    await store.renewEpoch({ reason: 'restored', also });
    this.#alarm = { code: 'HISTORY_RESTORED', reason: lost, at: clock.now() };
    logger.error('HISTORY_RESTORED: a replica knows changes that this store does not have; a new epoch was begun', {
      reason: lost,
      datacenter,
      before,
      epoch: store.epoch,
    });
    return lost;
  }

  async #lost(datacenter: string, { epoch, index, logHash = '' }: FeedCursor): Promise<string | undefined> {
    const { store } = this.options;
    if (epoch === undefined) return undefined;
    const latest = await store.currentIndex();
    const page = await store.changesAfter(latest, 1);
    if (epoch !== page.epoch) {
      if (await store.knowsEpoch(epoch)) return undefined;
      return `${datacenter} followed epoch ${epoch}, which this store has never had`;
    }
    if (index > page.latest) return `${datacenter} has index ${index}, this store only ${page.latest}`;
    const ours = logHash === '' ? undefined : await store.logHash(index);
    if (ours === undefined || ours === logHash) return undefined;
    return `${datacenter} has another change under index ${index} than this store`;
  }
}
