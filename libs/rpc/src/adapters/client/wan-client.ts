import { SignIntermediateReply, type SignIntermediateRequest } from '../../domain/messages/bootstrap-messages.js';
import { HttpReply, type HttpRequest } from '../../domain/messages/http-messages.js';
import { FeedEvent, type FollowRequest, ReportReply, type ReportRequest } from '../../domain/messages/wan-messages.js';
import { SERVICE } from '../wire/proto.js';
import { isRepeatableRequest } from './repeatable.js';
import { RpcChannel, type RpcCallOptions, type RpcClientOptions, type RpcState } from './rpc-channel.js';

const service = SERVICE.wan;
const FOLLOW = { service, name: 'Follow', reply: FeedEvent, repeatable: false } as const;
/** Not repeated: each call that arrives may sign an intermediate. */
const SIGN_INTERMEDIATE = {
  service,
  name: 'SignIntermediate',
  reply: SignIntermediateReply,
  repeatable: false,
} as const;
const FORWARD = { service, name: 'Forward', reply: HttpReply } as const;
const REPORT = { service, name: 'Report', reply: ReportReply, repeatable: true } as const;

/**
 * A server's view of the servers of another datacenter. A server's BanyanError is thrown with its code, message and
 * fields; transport failures are `DATACENTER_UNREACHABLE`, a server with a wrong certificate `PEER_UNAUTHENTICATED` or
 * `PEER_NOT_ALLOWED`, a cancelled call `ABORTED`.
 */
export class WanClient {
  readonly #channel: RpcChannel;

  constructor(options: RpcClientOptions) {
    this.#channel = new RpcChannel(options, { service, unreachable: 'DATACENTER_UNREACHABLE' });
  }

  get state(): RpcState {
    return this.#channel.state;
  }

  setAddresses(addresses: readonly string[]): void {
    this.#channel.setAddresses(addresses);
  }

  /** Ends with an error when the connection is lost: follow again from the cursor. Leaving the loop cancels the call. */
  follow(request: FollowRequest, options?: Pick<RpcCallOptions, 'signal'>): AsyncGenerator<FeedEvent, void, void> {
    return this.#channel.stream(FOLLOW, request, options);
  }

  signIntermediate(request: SignIntermediateRequest, options?: RpcCallOptions): Promise<SignIntermediateReply> {
    return this.#channel.unary(SIGN_INTERMEDIATE, request, options);
  }

  /** Only GET and HEAD are sent to another server when the first fails with the request under way. */
  forward(request: HttpRequest, options?: RpcCallOptions): Promise<HttpReply> {
    return this.#channel.unary({ ...FORWARD, repeatable: isRepeatableRequest(request) }, request, options);
  }

  report(request: ReportRequest, options?: RpcCallOptions): Promise<ReportReply> {
    return this.#channel.unary(REPORT, request, options);
  }

  close(): void {
    this.#channel.close();
  }
}
