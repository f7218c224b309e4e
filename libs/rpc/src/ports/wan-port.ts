import type { SignIntermediateReply, SignIntermediateRequest } from '../domain/messages/bootstrap-messages.js';
import type { HttpReply, HttpRequest } from '../domain/messages/http-messages.js';
import type { FeedEvent, FollowRequest, ReportReply, ReportRequest } from '../domain/messages/wan-messages.js';
import type { PeerCall } from './rpc-call.js';

/**
 * What a server does for servers of other datacenters. `call.peer` is a server ID of this trust domain, and a
 * `datacenter` in a request is the peer's own. Throws any BanyanError; the code reaches the caller.
 */
export abstract class WanPort {
  /** Pulled only as fast as the caller reads. Ends, or waits on `call.signal`, when the caller is gone. */
  abstract follow(request: FollowRequest, call: PeerCall): AsyncIterable<FeedEvent>;
  abstract signIntermediate(request: SignIntermediateRequest, call: PeerCall): Promise<SignIntermediateReply>;
  abstract forward(request: HttpRequest, call: PeerCall): Promise<HttpReply>;
  abstract report(request: ReportRequest, call: PeerCall): Promise<ReportReply>;
}
