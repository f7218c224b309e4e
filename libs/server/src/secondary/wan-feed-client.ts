import { type JsonValue, stateIndex } from '@banyan/kernel';
import { FeedClient, type FeedCursor, type FeedEvent } from '@banyan/replication';
import type { PrimaryLink } from './primary-link.js';

/** The primary's feed over the WAN. */
export class WanFeedClient extends FeedClient {
  constructor(
    private readonly datacenter: string,
    private readonly link: PrimaryLink,
  ) {
    super();
  }

  override async *follow(cursor: FeedCursor, signal: AbortSignal): AsyncGenerator<FeedEvent> {
    const request = {
      token: this.link.token(),
      datacenter: this.datacenter,
      epoch: cursor.epoch ?? '',
      index: cursor.index,
    };
    for await (const event of this.link.wan.follow(request, { signal })) {
      this.link.heard(event.sentAtMs);
      yield {
        kind: event.heartbeat ? 'heartbeat' : event.snapshot ? 'snapshot' : 'changes',
        epoch: event.epoch,
        index: stateIndex(event.index),
        more: event.more,
        sentAt: event.sentAtMs,
        items: event.items.map((item) => ({
          ...item,
          body: JSON.parse(Buffer.from(item.body).toString('utf8')) as JsonValue,
        })),
      };
    }
  }
}
