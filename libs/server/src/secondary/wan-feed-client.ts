import { type JsonValue, stateIndex } from '@banyan/kernel';
import { FEED_PROTOCOL, FeedClient, type FeedCursor, type FeedEvent, requireProtocol } from '@banyan/replication';
import type { OwnState } from './own-state.js';
import type { PrimaryLink } from './primary-link.js';

/** The primary's feed over the WAN. */
export class WanFeedClient extends FeedClient {
  constructor(
    private readonly datacenter: string,
    private readonly link: PrimaryLink,
    private readonly own: OwnState,
  ) {
    super();
  }

  override async *follow(cursor: FeedCursor, signal: AbortSignal): AsyncGenerator<FeedEvent> {
    // What stood alone until now is not replaced before somebody has seen what would be lost.
    if (cursor.epoch === undefined) await this.own.requireConfirmed();
    const { secret } = await this.link.token();
    const request = {
      token: secret,
      datacenter: this.datacenter,
      epoch: cursor.epoch ?? '',
      index: cursor.index,
      logHash: cursor.logHash ?? '',
      protocol: FEED_PROTOCOL,
    };
    for await (const event of this.link.wan.follow(request, { signal })) {
      this.link.heard(event.sentAtMs);
      requireProtocol(event.protocol ?? 0, 'the primary');
      yield {
        kind: event.heartbeat ? 'heartbeat' : event.snapshot ? 'snapshot' : 'changes',
        epoch: event.epoch,
        index: stateIndex(event.index),
        latest: stateIndex(Math.max(event.index, event.latest ?? 0)),
        logHash: event.logHash ?? '',
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
