import { requirePermission } from '@banyan/acl';
import { Access, type Answer, answerJson, Call, HttpCall, NoInput } from '@banyan/http-kit';
import { Clock } from '@banyan/kernel';
import { Controller, Get } from '@nestjs/common';
import { wireFederation } from '../domain/wire-federation.js';
import { FederationDirectory } from '../ports/federation-directory.js';

/** `/v1/operator/federation`: which datacenters there are and how each is, in one look. */
@Controller('/v1/operator')
export class FederationController {
  constructor(
    private readonly directory: FederationDirectory,
    private readonly clock: Clock,
  ) {}

  /** As this datacenter knows it; the primary knows all. It takes no index: who waits for changes follows the events. */
  @Get('/federation')
  @Access('operator:read')
  @NoInput()
  async federation(@Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'read' });
    return answerJson(wireFederation(await this.directory.read(), this.clock.now()));
  }
}
