import { BanyanError, Logger } from '@banyan/kernel';
import type { Metadata, ServerUnaryCall, ServerWritableStream } from '@grpc/grpc-js';
import { Controller } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import { type HttpReply, HttpRequest } from '../../domain/messages/http-messages.js';
import {
  type HeartbeatReply,
  HeartbeatRequest,
  type RenewAgentReply,
  RenewAgentRequest,
  type ResolveTokenReply,
  ResolveTokenRequest,
  type SignLeafReply,
  SignLeafRequest,
  type WatchEvent,
  WatchRequest,
} from '../../domain/messages/lan-messages.js';
import type { PingReply } from '../../domain/messages/ping-messages.js';
import { LanPort } from '../../ports/lan-port.js';
import type { PeerCall } from '../../ports/rpc-call.js';
import { answerPeer, answerStream, parsed, peerCall } from './answer.js';

type Call = ServerUnaryCall<unknown, unknown>;

/** Serves `banyan.lan.v1`: translates and delegates. */
@Controller()
export class LanController {
  constructor(
    private readonly port: LanPort,
    private readonly logger: Logger,
  ) {}

  @GrpcMethod('Lan', 'Ping')
  ping(): PingReply {
    return {};
  }

  @GrpcMethod('Lan', 'SignLeaf')
  signLeaf(request: unknown, metadata: Metadata, call: Call): Promise<SignLeafReply> {
    return answerPeer(this.logger, { name: 'banyan.lan.v1.Lan/SignLeaf', metadata }, () =>
      this.port.signLeaf(parsed(SignLeafRequest, request), peerCall(metadata, call)),
    );
  }

  @GrpcMethod('Lan', 'RenewAgent')
  renewAgent(request: unknown, metadata: Metadata, call: Call): Promise<RenewAgentReply> {
    return answerPeer(this.logger, { name: 'banyan.lan.v1.Lan/RenewAgent', metadata }, () => {
      const context = peerCall(metadata, call);
      nodeOf(context);
      return this.port.renewAgent(parsed(RenewAgentRequest, request), context);
    });
  }

  @GrpcMethod('Lan', 'Forward')
  forward(request: unknown, metadata: Metadata, call: Call): Promise<HttpReply> {
    return answerPeer(this.logger, { name: 'banyan.lan.v1.Lan/Forward', metadata }, () =>
      this.port.forward(parsed(HttpRequest, request), peerCall(metadata, call)),
    );
  }

  @GrpcMethod('Lan', 'Watch')
  watch(request: unknown, metadata: Metadata, call: ServerWritableStream<unknown, WatchEvent>): Observable<WatchEvent> {
    return answerStream<WatchEvent>(this.logger, call, () =>
      this.port.watch(parsed(WatchRequest, request), peerCall(metadata, call)),
    );
  }

  @GrpcMethod('Lan', 'ResolveToken')
  resolveToken(request: unknown, metadata: Metadata, call: Call): Promise<ResolveTokenReply> {
    return answerPeer(this.logger, { name: 'banyan.lan.v1.Lan/ResolveToken', metadata }, () =>
      this.port.resolveToken(parsed(ResolveTokenRequest, request), peerCall(metadata, call)),
    );
  }

  @GrpcMethod('Lan', 'Heartbeat')
  heartbeat(request: unknown, metadata: Metadata, call: Call): Promise<HeartbeatReply> {
    return answerPeer(this.logger, { name: 'banyan.lan.v1.Lan/Heartbeat', metadata }, () => {
      const context = peerCall(metadata, call);
      const beat = parsed(HeartbeatRequest, request);
      if (nodeOf(context) !== beat.node) {
        throw new BanyanError('PEER_NOT_ALLOWED', 'an agent may speak for its own node only');
      }
      return this.port.heartbeat(beat, context);
    });
  }
}

const nodeOf = ({ peer }: PeerCall): string => {
  if (peer.kind !== 'agent')
    throw new BanyanError('PEER_NOT_ALLOWED', `only an agent may call this, not a ${peer.kind}`);
  return peer.node;
};
