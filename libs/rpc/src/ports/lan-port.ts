import type { HttpReply, HttpRequest } from '../domain/messages/http-messages.js';
import type {
  HeartbeatReply,
  HeartbeatRequest,
  RenewAgentReply,
  RenewAgentRequest,
  ResolveTokenReply,
  ResolveTokenRequest,
  SignLeafReply,
  SignLeafRequest,
  WatchEvent,
  WatchRequest,
} from '../domain/messages/lan-messages.js';
import type { PeerCall } from './rpc-call.js';

/**
 * What a server does for the agents of its datacenter and for its siblings. `call.peer` is an agent or server ID of
 * this trust domain and datacenter. Throws any BanyanError; the code reaches the caller.
 */
export abstract class LanPort {
  abstract signLeaf(request: SignLeafRequest, call: PeerCall): Promise<SignLeafReply>;
  /** Only agents reach this; the certificate is for `call.peer` itself. */
  abstract renewAgent(request: RenewAgentRequest, call: PeerCall): Promise<RenewAgentReply>;
  abstract forward(request: HttpRequest, call: PeerCall): Promise<HttpReply>;
  /** Pulled only as fast as the caller reads. Ends, or waits on `call.signal`, when the caller is gone. */
  abstract watch(request: WatchRequest, call: PeerCall): AsyncIterable<WatchEvent>;
  abstract resolveToken(request: ResolveTokenRequest, call: PeerCall): Promise<ResolveTokenReply>;
  /** Only agents reach this, and `request.node` is the caller's own. */
  abstract heartbeat(request: HeartbeatRequest, call: PeerCall): Promise<HeartbeatReply>;
}
