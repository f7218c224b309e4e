import { type HttpRequest, HttpReply } from '../../domain/messages/http-messages.js';
import {
  HeartbeatReply,
  type HeartbeatRequest,
  RenewAgentReply,
  type RenewAgentRequest,
  ResolveTokenReply,
  type ResolveTokenRequest,
  SignLeafReply,
  type SignLeafRequest,
  WatchEvent,
  type WatchRequest,
} from '../../domain/messages/lan-messages.js';
import { SERVICE } from '../wire/proto.js';
import { RpcChannel, type RpcCallOptions, type RpcClientOptions, type RpcState } from './rpc-channel.js';
import { isRepeatableRequest } from './repeatable.js';

const service = SERVICE.lan;
const SIGN_LEAF = { service, name: 'SignLeaf', reply: SignLeafReply, repeatable: true } as const;
const RENEW_AGENT = { service, name: 'RenewAgent', reply: RenewAgentReply, repeatable: true } as const;
const FORWARD = { service, name: 'Forward', reply: HttpReply } as const;
const WATCH = { service, name: 'Watch', reply: WatchEvent, repeatable: false } as const;
const RESOLVE_TOKEN = { service, name: 'ResolveToken', reply: ResolveTokenReply, repeatable: true } as const;
const HEARTBEAT = { service, name: 'Heartbeat', reply: HeartbeatReply, repeatable: true } as const;

/**
 * An agent's (or sibling server's) view of its datacenter's servers. Calls go round the addresses; a server that can't be
 * reached is passed over. A server's BanyanError is thrown with its code, message and fields; transport failures are
 * `SERVER_UNREACHABLE`, a server with a wrong certificate `PEER_UNAUTHENTICATED` or `PEER_NOT_ALLOWED`, a cancelled call
 * `ABORTED`.
 */
export class LanClient {
  readonly #channel: RpcChannel;

  constructor(options: RpcClientOptions) {
    this.#channel = new RpcChannel(options, { service, unreachable: 'SERVER_UNREACHABLE' });
  }

  get state(): RpcState {
    return this.#channel.state;
  }

  get addresses(): readonly string[] {
    return this.#channel.addresses;
  }

  setAddresses(addresses: readonly string[]): void {
    this.#channel.setAddresses(addresses);
  }

  signLeaf(request: SignLeafRequest, options?: RpcCallOptions): Promise<SignLeafReply> {
    return this.#channel.unary(SIGN_LEAF, request, options);
  }

  renewAgent(request: RenewAgentRequest, options?: RpcCallOptions): Promise<RenewAgentReply> {
    return this.#channel.unary(RENEW_AGENT, request, options);
  }

  /** Only GET and HEAD are sent to another server when the first fails with the request under way. */
  forward(request: HttpRequest, options?: RpcCallOptions): Promise<HttpReply> {
    return this.#channel.unary({ ...FORWARD, repeatable: isRepeatableRequest(request) }, request, options);
  }

  /** Ends with an error when the connection is lost: call again. Leaving the loop cancels the watch. */
  watch(request: WatchRequest, options?: Pick<RpcCallOptions, 'signal'>): AsyncGenerator<WatchEvent, void, void> {
    return this.#channel.stream(WATCH, request, options);
  }

  resolveToken(request: ResolveTokenRequest, options?: RpcCallOptions): Promise<ResolveTokenReply> {
    return this.#channel.unary(RESOLVE_TOKEN, request, options);
  }

  heartbeat(request: HeartbeatRequest, options?: RpcCallOptions): Promise<HeartbeatReply> {
    return this.#channel.unary(HEARTBEAT, request, options);
  }

  close(): void {
    this.#channel.close();
  }
}
