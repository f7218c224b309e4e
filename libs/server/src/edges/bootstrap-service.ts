import { requirePermission } from '@banyan/acl';
import { BanyanError } from '@banyan/kernel';
import {
  BootstrapPort,
  type EnrolAgentReply,
  type EnrolAgentRequest,
  type OpenCall,
  type RootsReply,
  type SignIntermediateReply,
  type SignIntermediateRequest,
} from '@banyan/rpc';
import type { DatacenterCore } from '../core/datacenter-core.js';
import { CallBudget } from './call-budget.js';
import { optionalToken, rootsJson } from './lan-service.js';
import { publicRoots } from './public-roots.js';
import { RememberedBundle } from './remembered-bundle.js';
import { intermediateAct, rpcAct } from './rpc-acts.js';
import type { ServerRole } from './role.js';

/** Serves those who have no certificate yet: roots to everybody, a first certificate to whoever has a token for it. */
export class BootstrapService extends BootstrapPort {
  readonly #bundle: RememberedBundle;
  readonly #budget: CallBudget;

  constructor(
    private readonly core: DatacenterCore,
    private readonly role: Pick<ServerRole, 'signIntermediate'>,
  ) {
    super();
    this.#bundle = new RememberedBundle(core);
    this.#budget = new CallBudget(core.ambient.clock.now());
  }

  /** From memory, and bounded: anybody may ask. */
  override async roots({ remoteAddress }: OpenCall): Promise<RootsReply> {
    const { ca, transitions, datacenter, ambient } = this.core;
    const now = ambient.clock.now();
    if (!this.#budget.take(remoteAddress, now)) {
      throw new BanyanError('RATE_LIMITED', 'too many calls without a certificate: try again in a second');
    }
    return {
      trustDomain: ca.getTrustDomain().name,
      datacenter,
      ...publicRoots(ca.state.roots, transitions.transitions),
      bundleJson: await this.#bundle.json(),
      serverMs: now,
    };
  }

  override enrolAgent(request: EnrolAgentRequest, call: OpenCall): Promise<EnrolAgentReply> {
    const { node, token } = request;
    const act = { action: 'agent.enrol', target: `node/${node}`, after: { Node: node }, token, call };
    return rpcAct(this.core, act, () => this.#enrol(request));
  }

  async #enrol(request: EnrolAgentRequest): Promise<EnrolAgentReply> {
    const { leaves, tokens, ambient } = this.core;
    const caller = tokens.resolve(optionalToken(request.token));
    requirePermission(caller, { resource: 'node', access: 'write', name: request.node });
    const order = leaves.prepare(request.csrPem);
    leaves.tally.checked(() => {
      if (order.id.kind === 'agent' && order.id.node === request.node) return;
      throw new BanyanError('CSR_SAN_INVALID', `the CSR must name the agent of node ${request.node}`);
    });
    const requester = { accessorId: caller.accessorId, node: request.node, reason: 'first' } as const;
    const leaf = await leaves.issueOwn(order, requester);
    ambient.logger.info('agent enrolled', {
      agent: request.node,
      accessorId: caller.accessorId,
      serial: leaf.certificate.serialHex,
    });
    return { certificatePem: leaf.chainPem, bundleJson: rootsJson(this.core) };
  }

  override signIntermediate(request: SignIntermediateRequest, call: OpenCall): Promise<SignIntermediateReply> {
    return rpcAct(this.core, intermediateAct(request, call), () => this.role.signIntermediate(request, call.signal));
  }
}
