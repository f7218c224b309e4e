import { BanyanError, Logger } from '@banyan/kernel';
import type { Metadata, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { type SignIntermediateReply, SignIntermediateRequest } from '../../domain/messages/bootstrap-messages.js';
import { type HttpReply, HttpRequest } from '../../domain/messages/http-messages.js';
import { type FeedEvent, FollowRequest, type ReportReply, ReportRequest } from '../../domain/messages/wan-messages.js';
import type { PingReply } from '../../domain/messages/ping-messages.js';
import type { PeerCall } from '../../ports/rpc-call.js';
import { WanPort } from '../../ports/wan-port.js';
import { answerPeer, answerStream, parsed, peerCall } from './answer.js';

type Call = ServerUnaryCall<unknown, unknown>;

/** Serves `banyan.wan.v1`: translates and delegates. */
@Controller()
export class WanController {
  constructor(
    private readonly port: WanPort,
    private readonly logger: Logger,
  ) {}

  @GrpcMethod('Wan', 'Ping')
  ping(): PingReply {
    return {};
  }

  @GrpcMethod('Wan', 'Follow')
  follow(request: unknown, metadata: Metadata, call: ServerWritableStream<unknown, FeedEvent>): Observable<FeedEvent> {
    return answerStream<FeedEvent>(this.logger, call, () =>
      this.port.follow(...ownDatacenter(parsed(FollowRequest, request), peerCall(metadata, call))),
    );
  }

  @GrpcMethod('Wan', 'SignIntermediate')
  signIntermediate(request: unknown, metadata: Metadata, call: Call): Promise<SignIntermediateReply> {
    return answerPeer(this.logger, { name: 'banyan.wan.v1.Wan/SignIntermediate', metadata }, () =>
      this.port.signIntermediate(...ownDatacenter(parsed(SignIntermediateRequest, request), peerCall(metadata, call))),
    );
  }

  @GrpcMethod('Wan', 'Forward')
  forward(request: unknown, metadata: Metadata, call: Call): Promise<HttpReply> {
    return answerPeer(this.logger, { name: 'banyan.wan.v1.Wan/Forward', metadata }, () =>
      this.port.forward(parsed(HttpRequest, request), peerCall(metadata, call)),
    );
  }

  @GrpcMethod('Wan', 'Report')
  report(request: unknown, metadata: Metadata, call: Call): Promise<ReportReply> {
    return answerPeer(this.logger, { name: 'banyan.wan.v1.Wan/Report', metadata }, () =>
      this.port.report(...ownDatacenter(parsed(ReportRequest, request), peerCall(metadata, call))),
    );
  }
}

/** A server speaks for its own datacenter only, whatever its token may do. */
const ownDatacenter = <R extends { readonly datacenter: string }>(request: R, call: PeerCall): [R, PeerCall] => {
  if (call.peer.kind !== 'server' || call.peer.datacenter !== request.datacenter) {
    throw new BanyanError('PEER_NOT_ALLOWED', 'a server may speak for its own datacenter only');
  }
  return [request, call];
};
