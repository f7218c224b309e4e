import type { FeedCursor, FeedEvent } from '../domain/feed-event.js';

/** The source's feed, seen from a follower. The iteration ends or throws when the tie is lost; the caller comes back. */
export abstract class FeedClient {
  abstract follow(cursor: FeedCursor, signal: AbortSignal): AsyncIterable<FeedEvent>;
}
