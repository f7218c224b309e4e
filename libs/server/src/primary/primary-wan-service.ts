import { requirePermission } from '@banyan/acl';
import type { DatacenterRegistry } from '@banyan/federation';
import { BanyanError, type SecretText, stateIndex } from '@banyan/kernel';
import { FEED_PROTOCOL, type FeedSource, requireProtocol, type SourceHistory } from '@banyan/replication';
import {
  type FeedEvent,
  type FollowRequest,
  type HttpReply,
  type HttpRequest,
  type PeerCall,
  type ReportReply,
  type ReportRequest,
  type SignIntermediateReply,
  type SignIntermediateRequest,
  WanPort,
} from '@banyan/rpc';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { optionalToken } from '../edges/lan-service.js';
import type { HttpEntrance, ServerRole } from '../edges/role.js';
import { carriedFrom, intermediateAct, rpcAct, rpcRead } from '../edges/rpc-acts.js';
import { parseAuthorityReport } from './authority-report-schema.js';
import type { RootReturns } from './root-returns.js';

/** What {@link PrimaryWanService} needs. */
export interface PrimaryWanServiceParts {
  readonly core: DatacenterCore;
  readonly feed: FeedSource;
  readonly registry: DatacenterRegistry;
  readonly history: SourceHistory;
  readonly returns: RootReturns;
  readonly role: Pick<ServerRole, 'signIntermediate'> & { reported(): void };
  readonly http: () => HttpEntrance;
}

/** Serves the servers of the secondaries. The peer's certificate says which datacenter speaks, its token what it may. */
export class PrimaryWanService extends WanPort {
  constructor(private readonly parts: PrimaryWanServiceParts) {
    super();
  }

  override async *follow(request: FollowRequest, call: PeerCall): AsyncIterable<FeedEvent> {
    const { token, datacenter } = request;
    const act = { action: 'replication.follow', target: `datacenter/${datacenter}`, after: null, token, call };
    await rpcRead(this.parts.core, act, () => this.#requireReplication(token, datacenter));
    requireProtocol(request.protocol ?? 0, `datacenter ${request.datacenter}`);
    const { epoch, index, logHash = '' } = request;
    const cursor = { index: stateIndex(index), logHash, ...(epoch !== '' && { epoch }) };
    await this.parts.history.compare(request.datacenter, cursor);
    for await (const event of this.parts.feed.follow(cursor, call.signal)) {
      // Before every event, and so at every heartbeat: a revoked token ends the feed within seconds.
      this.#requireReplication(request.token, request.datacenter);
      yield {
        epoch: event.epoch,
        index: event.index,
        snapshot: event.kind === 'snapshot',
        heartbeat: event.kind === 'heartbeat',
        more: event.more,
        sentAtMs: event.sentAt,
        latest: event.latest,
        logHash: event.logHash,
        protocol: FEED_PROTOCOL,
        items: event.items.map((item) => ({ ...item, body: Buffer.from(JSON.stringify(item.body)) })),
      };
    }
  }

  override async signIntermediate(request: SignIntermediateRequest, call: PeerCall): Promise<SignIntermediateReply> {
    if (call.peer.kind !== 'server' || call.peer.datacenter !== request.datacenter) {
      throw new BanyanError('PEER_NOT_ALLOWED', 'a server may ask for the intermediate of its own datacenter only');
    }
    const { core, role } = this.parts;
    return rpcAct(core, intermediateAct(request, call), () => role.signIntermediate(request, call.signal));
  }

  override forward(request: HttpRequest, call: PeerCall): Promise<HttpReply> {
    const from = carriedFrom(request.headers, call);
    return this.parts.http().inject({ ...request, signal: call.signal, origin: 'datacenter', from });
  }

  override async report(request: ReportRequest): Promise<ReportReply> {
    const report = parseAuthorityReport(request.json);
    await this.#keepAddresses(request.datacenter, report.wanAddress);
    const { knownRoots = [], ...kept } = report;
    const now = this.parts.core.ambient.clock.now();
    // From its writing to this moment, both by our clock: skew takes no part in it.
    const roundTripMs = kept.canary === undefined ? undefined : Math.max(1, now - kept.canary.writtenAt);
    const told = { ...kept, ...(roundTripMs !== undefined && { roundTripMs }) };
    await this.parts.registry.keepReport(request.datacenter, told, now);
    await this.parts.returns.consider(request.datacenter, knownRoots);
    this.parts.role.reported();
    return { roundTripMs: roundTripMs ?? 0 };
  }

  /** A datacenter that has more or fewer servers than before: everybody learns where they are. */
  async #keepAddresses(name: string, wanAddress: string | undefined): Promise<void> {
    const known = this.parts.core.datacenters.find(name);
    if (known === undefined || known.isPrimary || !wanAddress || wanAddress === known.wanAddress) return;
    await this.parts.registry.register({ name, wanAddress, isPrimary: false });
  }

  #requireReplication(token: SecretText, datacenter: string): void {
    const caller = this.parts.core.tokens.resolve(optionalToken(token));
    requirePermission(caller, { resource: 'replication', access: 'read', name: datacenter });
  }
}
