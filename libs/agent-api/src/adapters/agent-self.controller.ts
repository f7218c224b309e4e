import { requirePermission } from '@banyan/acl';
import { Access, type Answer, answerJson, answerText, Call, HttpCall, Local, NoInput, Public } from '@banyan/http-kit';
import { Controller, Get } from '@nestjs/common';
import { AgentSettings } from '../ports/agent-settings.js';

/** The version that tools which gate features by it see: the API follows that of Consul 1.18. */
const API_VERSION = '1.18.2';

/** What the agent says of itself (contract §5.6). */
@Controller()
export class AgentSelfController {
  constructor(private readonly settings: AgentSettings) {}

  @Get('/v1/agent/self')
  @Access('agent:read')
  @Local()
  @NoInput()
  self(@Call() call: HttpCall): Answer {
    const { datacenter, node, nodeId, address } = this.settings;
    requirePermission(call.caller, { resource: 'agent', access: 'read', name: node });
    return answerJson({
      Config: {
        Datacenter: datacenter,
        PrimaryDatacenter: this.settings.primaryDatacenter(),
        NodeName: node,
        NodeID: nodeId,
        Revision: '',
        Server: false,
        Version: API_VERSION,
        BuildDate: '2026-01-01T00:00:00Z',
      },
      DebugConfig: { GRPCPort: -1, GRPCTLSPort: -1, ConnectEnabled: true, DNSPort: -1 },
      Member: {
        Name: node,
        Addr: address,
        Port: 0,
        Tags: { role: 'node', dc: datacenter, build: API_VERSION },
        Status: 1,
        ProtocolMin: 1,
        ProtocolMax: 5,
        ProtocolCur: 2,
        DelegateMin: 2,
        DelegateMax: 5,
        DelegateCur: 4,
      },
      Stats: { agent: {}, runtime: {} },
      Meta: { 'consul-network-segment': '' },
    });
  }

  @Get('/')
  @Public()
  @Local()
  @NoInput()
  root(): Answer {
    return answerText('banyan agent: the API is below /v1/, readiness at /readyz\n');
  }
}
