import { BanyanError } from '@banyan/kernel';
import type * as boot from '../../src/domain/messages/bootstrap-messages.js';
import type { HttpReply, HttpRequest } from '../../src/domain/messages/http-messages.js';
import type * as lan from '../../src/domain/messages/lan-messages.js';
import type * as wan from '../../src/domain/messages/wan-messages.js';
import { BootstrapPort } from '../../src/ports/bootstrap-port.js';
import { LanPort } from '../../src/ports/lan-port.js';
import type { OpenCall, PeerCall } from '../../src/ports/rpc-call.js';
import { WanPort } from '../../src/ports/wan-port.js';
import { TRUST_DOMAIN } from './test-authority.js';

/** Rejects when `signal` is aborted: what a port does that waits for something that never comes. */
export const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

export class TestBootstrap extends BootstrapPort {
  rootPems: string[] = [];
  datacenter = 'dc1';
  trustDomain = TRUST_DOMAIN;
  tokensSeen: string[] = [];
  rootsAsked = 0;
  transitions: boot.RootTransition[] = [];
  serverMs = 0;

  override async roots(): Promise<boot.RootsReply> {
    this.rootsAsked += 1;
    const { trustDomain, datacenter, rootPems, transitions, serverMs } = this;
    return { trustDomain, datacenter, rootPems, transitions, serverMs };
  }
  override async enrolAgent(request: boot.EnrolAgentRequest, _call: OpenCall): Promise<boot.EnrolAgentReply> {
    this.tokensSeen.push(request.token.reveal());
    return { certificatePem: `for ${request.node}`, bundleJson: '{}' };
  }
  override async signIntermediate(request: boot.SignIntermediateRequest): Promise<boot.SignIntermediateReply> {
    this.tokensSeen.push(request.token.reveal());
    return { certificatePem: `for ${request.datacenter}`, rootId: 'r1', bundleJson: '{}' };
  }
}

export class TestLan extends LanPort {
  signed = 0;
  failure: unknown;
  /** Called for every forward; a test replaces it. */
  onForward: (request: HttpRequest, call: PeerCall) => Promise<HttpReply> = async (request, call) => ({
    status: 200,
    headers: { 'x-peer': call.peer.kind },
    body: Buffer.from(request.body),
  });
  onWatch: (request: lan.WatchRequest, call: PeerCall) => AsyncIterable<lan.WatchEvent> = () => {
    throw new BanyanError('REQUEST_INVALID', 'no watch here');
  };

  override async signLeaf(request: lan.SignLeafRequest): Promise<lan.SignLeafReply> {
    if (this.failure !== undefined) throw this.failure;
    this.signed += 1;
    if (request.token.reveal() === 'limited') return { chainPem: '', createIndex: 0, rootId: '', retryAfterMs: 1500 };
    return { chainPem: 'chain', createIndex: this.signed, rootId: 'r1' };
  }
  override async renewAgent(_request: lan.RenewAgentRequest, call: PeerCall): Promise<lan.RenewAgentReply> {
    return { certificatePem: JSON.stringify(call.peer), bundleJson: '{}' };
  }
  override forward(request: HttpRequest, call: PeerCall): Promise<HttpReply> {
    return this.onForward(request, call);
  }
  override watch(request: lan.WatchRequest, call: PeerCall): AsyncIterable<lan.WatchEvent> {
    return this.onWatch(request, call);
  }
  override async resolveToken(): Promise<lan.ResolveTokenReply> {
    return { accessorId: 'a', roleJson: '{}', ttlMs: 30_000 };
  }
  override async heartbeat(request: lan.HeartbeatRequest): Promise<lan.HeartbeatReply> {
    return { serverMs: request.observedMs + 1 };
  }
}

export class TestWan extends WanPort {
  onFollow: (request: wan.FollowRequest, call: PeerCall) => AsyncIterable<wan.FeedEvent> = () => {
    throw new BanyanError('CA_EXPIRED', 'no feed here');
  };
  reports: string[] = [];

  override follow(request: wan.FollowRequest, call: PeerCall): AsyncIterable<wan.FeedEvent> {
    return this.onFollow(request, call);
  }
  override async signIntermediate(request: boot.SignIntermediateRequest): Promise<boot.SignIntermediateReply> {
    return { certificatePem: `for ${request.datacenter}`, rootId: 'r2', bundleJson: '{}' };
  }
  override async forward(): Promise<HttpReply> {
    return { status: 204, headers: {}, body: Buffer.alloc(0) };
  }
  override async report(request: wan.ReportRequest): Promise<wan.ReportReply> {
    this.reports.push(request.json);
    return {};
  }
}
