import { BanyanError } from '@banyan/kernel';
import {
  type FeedEvent,
  type HttpReply,
  type HttpRequest,
  type PeerCall,
  type ReportReply,
  type SignIntermediateReply,
  WanPort,
} from '@banyan/rpc';
import type { HttpEntrance } from '../edges/role.js';
import { carriedFrom } from '../edges/rpc-acts.js';

/** Serves requests that other datacenters forward; what only the primary does is refused by name. */
export class SecondaryWanService extends WanPort {
  constructor(private readonly http: () => HttpEntrance) {
    super();
  }

  override forward(request: HttpRequest, call: PeerCall): Promise<HttpReply> {
    const from = carriedFrom(request.headers, call);
    return this.http().inject({ ...request, signal: call.signal, origin: 'datacenter', from });
  }

  override follow(): AsyncIterable<FeedEvent> {
    throw notPrimary();
  }

  override signIntermediate(): Promise<SignIntermediateReply> {
    return Promise.reject(notPrimary());
  }

  override report(): Promise<ReportReply> {
    return Promise.reject(notPrimary());
  }
}

const notPrimary = (): BanyanError => new BanyanError('CA_NOT_PRIMARY', 'not the primary datacenter');
