import { BanyanError } from '@banyan/kernel';
import type { FeedCursor, FeedEvent, FeedItem } from './feed-event.js';

/**
 * Puts the parts of a snapshot together, and lets through only what continues the cursor: a change of another epoch, or
 * from the past, is refused with `REPLICATION_GAP`; the follower then asks again from its cursor.
 */
export class FeedAssembly {
  #at: FeedCursor;
  #parts: { readonly first: FeedEvent; readonly items: FeedItem[] } | undefined;

  constructor(cursor: FeedCursor) {
    this.#at = cursor;
  }

  /** The whole event to apply; undefined while parts are missing. */
  take(event: FeedEvent): FeedEvent | undefined {
    const whole = event.kind === 'snapshot' ? this.#part(event) : this.#continuing(event);
    if (whole !== undefined) this.#at = { epoch: whole.epoch, index: whole.index };
    return whole;
  }

  #part(event: FeedEvent): FeedEvent | undefined {
    const { first, items } = this.#parts ?? { first: event, items: [] };
    if (event.epoch !== first.epoch || event.index !== first.index) {
      throw gap(`a part of a snapshot at index ${event.index} follows one at index ${first.index}`);
    }
    items.push(...event.items);
    this.#parts = event.more ? { first, items } : undefined;
    return event.more ? undefined : { ...event, items };
  }

  #continuing(event: FeedEvent): FeedEvent {
    if (this.#parts !== undefined) throw gap('a snapshot was broken off');
    if (event.epoch !== this.#at.epoch) {
      throw gap(`a change of epoch ${event.epoch} came for a cursor of epoch ${this.#at.epoch ?? 'none'}`);
    }
    if (event.index < this.#at.index) {
      throw gap(`a change at index ${event.index} came for a cursor at index ${this.#at.index}`);
    }
    return event;
  }
}

const gap = (what: string): BanyanError => new BanyanError('REPLICATION_GAP', `the feed does not continue: ${what}`);
