import { requirePermission } from '@banyan/acl';
import { Access, type Answer, answerJson, Call, HttpCall, NoInput } from '@banyan/http-kit';
import { Controller, Get } from '@nestjs/common';
import { LeaderDirectory, type ServerEntry } from '../ports/directories.js';

/** `/v1/operator`: what an operator asks of the datacenter itself. */
@Controller('/v1/operator')
export class OperatorController {
  constructor(private readonly leaders: LeaderDirectory) {}

  /** Every server of this datacenter: where it is, which banyan it runs, when it was heard, which leases it holds. */
  @Get('/servers')
  @Access('operator:read')
  @NoInput()
  servers(@Call() call: HttpCall): Answer {
    requirePermission(call.caller, { resource: 'operator', access: 'read' });
    const { ageMs, servers } = this.leaders.servers();
    return answerJson({ Leader: this.leaders.leader(), AgeMs: ageMs, Servers: servers.map(wireServer) });
  }
}

const wireServer = (server: ServerEntry): object => ({
  ID: server.id,
  Name: server.name,
  Datacenter: server.datacenter,
  Version: server.version,
  HTTPAddress: server.httpAddress,
  LANAddress: server.lanAddress,
  WANAddress: server.wanAddress,
  StartedAt: new Date(server.startedAt).toISOString(),
  LastHeardMs: server.lastHeardMs,
  Alive: server.alive,
  Leases: server.leases.map(({ name, fencing, since }) => ({
    Name: name,
    Fencing: fencing,
    ...(since !== undefined && { Since: new Date(since).toISOString() }),
  })),
});
