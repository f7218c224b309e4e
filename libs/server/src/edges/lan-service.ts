import { type Caller, requirePermission } from '@banyan/acl';
import { issuanceReason, type IssuanceReason, type LeafOrder, type SigningOrders, toWireRoots } from '@banyan/ca';
import { parseAgentReport } from './agent-report.js';
import { parseNodeSync } from './node-sync.js';
import { BanyanError, type EpochMs, isBanyanError, type SecretText } from '@banyan/kernel';
import { jsonText } from '@banyan/http-kit';
import {
  type HeartbeatReply,
  type HeartbeatRequest,
  type HttpReply,
  type HttpRequest,
  LanPort,
  type PeerCall,
  type RenewAgentReply,
  type RenewAgentRequest,
  type ResolveTokenReply,
  type ResolveTokenRequest,
  type SignLeafReply,
  type SignLeafRequest,
  type WatchEvent,
  type WatchRequest,
} from '@banyan/rpc';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { RotationOrders } from '../core/signing-orders.js';
import type { HttpEntrance } from './role.js';
import { carriedFrom, rpcRead } from './rpc-acts.js';

/** How long an agent may keep what a token may do: a deleted token works for this long at most. */
const TOKEN_TTL_MS = 10_000;

/** What a watch needs of the HTTP edge. */
export interface WatchEntrance extends HttpEntrance {
  watch(path: string, token: SecretText | undefined, signal: AbortSignal): AsyncIterable<WatchEvent>;
}

/** The empty text stands for "no token" on the wire. */
export const optionalToken = (token: SecretText): SecretText | undefined => (token.reveal() === '' ? undefined : token);

/** Serves the agents of this datacenter. */
export class LanService extends LanPort {
  readonly #orders: SigningOrders;

  constructor(
    private readonly core: DatacenterCore,
    private readonly http: () => WatchEntrance,
  ) {
    super();
    this.#orders = new RotationOrders(core.datacenter, core.rotations);
  }

  override signLeaf(request: SignLeafRequest, call: PeerCall): Promise<SignLeafReply> {
    const act = { action: 'leaf.sign', target: '', after: null, token: request.token, call };
    return rpcRead(this.core, act, () => this.#signLeaf(request, call));
  }

  async #signLeaf(request: SignLeafRequest, call: PeerCall): Promise<SignLeafReply> {
    const { leaves, tokens } = this.core;
    const caller = leaves.tally.checked(() => tokens.resolve(optionalToken(request.token)));
    const order = leaves.prepare(request.csrPem);
    leaves.tally.checked(() => requireMayHave(order, caller));
    try {
      const leaf = await leaves.issue(order, {
        accessorId: caller.accessorId,
        node: call.peer.kind === 'agent' ? call.peer.node : '',
        reason: this.#reasonOf(request),
      });
      return { chainPem: leaf.chainPem, createIndex: leaf.index, rootId: leaf.rootId };
    } catch (error) {
      if (!isBanyanError(error, 'CSR_RATE_LIMITED')) throw error;
      return { chainPem: '', createIndex: 0, rootId: '', retryAfterMs: Number(error.fields['retryAfterMs'] ?? 500) };
    }
  }

  /** An agent sees that a former key leaves, not why: what replaces a compromised one is said by who knows it. */
  #reasonOf({ reason }: SignLeafRequest): IssuanceReason {
    const said = issuanceReason(reason);
    return said === 'rotation' && this.#orders.current()?.urgent === true ? 'taint' : said;
  }

  override async renewAgent(request: RenewAgentRequest, call: PeerCall): Promise<RenewAgentReply> {
    const order = this.core.leaves.prepare(request.csrPem);
    const node = this.core.leaves.tally.checked(() => renewedNode(order, call));
    const requester = { accessorId: '', node, reason: 'renewal' } as const;
    const leaf = await this.core.leaves.issueOwn(order, requester);
    return { certificatePem: leaf.chainPem, bundleJson: rootsJson(this.core) };
  }

  override forward(request: HttpRequest, call: PeerCall): Promise<HttpReply> {
    const from = carriedFrom(request.headers, call);
    return this.http().inject({ ...request, signal: call.signal, origin: 'agent', from });
  }

  override watch(request: WatchRequest, call: PeerCall): AsyncIterable<WatchEvent> {
    return this.http().watch(request.path, optionalToken(request.token), call.signal);
  }

  override async resolveToken({ token }: ResolveTokenRequest, call: PeerCall): Promise<ResolveTokenReply> {
    const act = { action: 'token.resolve', target: '', after: null, token, call };
    const caller = await rpcRead(this.core, act, () => this.core.tokens.resolve(optionalToken(token)));
    return {
      accessorId: caller.accessorId,
      roleJson: caller.role === undefined ? '' : JSON.stringify(caller.role),
      ttlMs: TOKEN_TTL_MS,
    };
  }

  override async heartbeat(request: HeartbeatRequest): Promise<HeartbeatReply> {
    const { catalogWriter, ambient, settings, follower, membership, adoption } = this.core;
    const now = ambient.clock.now();
    let known: boolean;
    if (request.nodeJson) {
      const index = await catalogWriter.syncNode(parseNodeSync(request.node, request.nodeJson, now));
      await follower.reached(index, { limitMs: 5_000 });
      known = true;
    } else known = await catalogWriter.touchNode(request.node, now);
    this.#keepReport(request, now);
    const reissueSpreadMs = adoption.reissueSpreadMs();
    return {
      serverMs: now,
      defaultIntentionPolicy: settings.BANYAN_DEFAULT_INTENTION_POLICY,
      known,
      servers: [...membership.lanAddresses()],
      ...(reissueSpreadMs !== undefined && { reissueSpreadMs }),
    };
  }

  /** A report that cannot be read costs the agent its standing, not its heartbeat. */
  #keepReport({ node, reportJson, observedMs }: HeartbeatRequest, now: EpochMs): void {
    if (!reportJson) return;
    const { agentReports, ambient } = this.core;
    const report = parseAgentReport(reportJson, observedMs - now);
    if (report !== undefined) agentReports.keep(node, report, now);
    else ambient.logger.warn('the report of an agent does not follow its schema', { node });
  }
}

/** Throws `CSR_SAN_INVALID` or `PERMISSION_DENIED`. */
const requireMayHave = ({ id }: LeafOrder, caller: Caller): void => {
  if (id.kind !== 'service') {
    throw new BanyanError('CSR_SAN_INVALID', `a leaf for workloads names a service, not a ${id.kind}`);
  }
  requirePermission(caller, { resource: 'service', access: 'write', name: id.service });
};

/** The node that renews its certificate. Throws `PEER_NOT_ALLOWED`. */
const renewedNode = ({ id }: LeafOrder, { peer }: PeerCall): string => {
  if (id.kind === 'agent' && peer.kind === 'agent' && id.node === peer.node) return id.node;
  throw new BanyanError('PEER_NOT_ALLOWED', 'an agent may renew its own certificate only');
};

/** The bundle as agents read it. */
export const rootsJson = ({ ca }: DatacenterCore): string =>
  jsonText(toWireRoots({ ...ca.state, trustDomain: ca.getTrustDomain(), active: ca.getActive() }));
