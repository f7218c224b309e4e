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
import { bundleJson } from './bundle-items.js';
import { optionalToken, rootsJson } from './lan-service.js';
import type { ServerRole } from './role.js';

/** Serves those who have no certificate yet: roots to everybody, a first certificate to whoever has a token for it. */
export class BootstrapService extends BootstrapPort {
  constructor(
    private readonly core: DatacenterCore,
    private readonly role: Pick<ServerRole, 'signIntermediate'>,
  ) {
    super();
  }

  override async roots(): Promise<RootsReply> {
    const { ca, datacenter, store } = this.core;
    return {
      trustDomain: ca.getTrustDomain().name,
      datacenter,
      rootPems: ca.state.roots.map((root) => root.certificate.pem),
      bundleJson: await bundleJson(store),
    };
  }

  override async enrolAgent(request: EnrolAgentRequest): Promise<EnrolAgentReply> {
    const { leaves, tokens, ambient } = this.core;
    const caller = tokens.resolve(optionalToken(request.token));
    requirePermission(caller, { resource: 'node', access: 'write', name: request.node });
    const order = leaves.prepare(request.csrPem);
    if (order.id.kind !== 'agent' || order.id.node !== request.node) {
      throw new BanyanError('CSR_SAN_INVALID', `the CSR must name the agent of node ${request.node}`);
    }
    const leaf = await leaves.issueOwn(order);
    ambient.logger.info('agent enrolled', {
      agent: request.node,
      accessorId: caller.accessorId,
      serial: leaf.certificate.serialHex,
    });
    return { certificatePem: leaf.chainPem, bundleJson: rootsJson(this.core) };
  }

  override signIntermediate(request: SignIntermediateRequest, call: OpenCall): Promise<SignIntermediateReply> {
    return this.role.signIntermediate(request, call.signal);
  }
}
