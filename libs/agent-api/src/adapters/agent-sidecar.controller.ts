import { requirePermission } from '@banyan/acl';
import { sidecarReportSchema } from '@banyan/adoption';
import {
  Access,
  type Answer,
  answerEmpty,
  Call,
  defineInput,
  HttpCall,
  Input,
  type InputOf,
  Local,
  pathText,
} from '@banyan/http-kit';
import { BanyanError } from '@banyan/kernel';
import { Controller, Put } from '@nestjs/common';
import { LocalServices } from './local-services.js';
import type { LocalService } from './services-file.js';
import { SidecarReports } from './sidecar-reports.js';

const reportInput = defineInput({ params: { '*': pathText(256) }, body: sidecarReportSchema });

/** What the sidecars of this node, and applications that speak the mesh themselves, say of what they verify and see. */
@Controller('/v1/agent')
export class AgentSidecarController {
  constructor(
    private readonly services: LocalServices,
    private readonly reports: SidecarReports,
  ) {}

  /** The ID is that of the registered proxy, or of the service itself. Throws `SERVICE_NOT_FOUND`, `REQUEST_INVALID`. */
  @Put('/connect/sidecar/*')
  @Access('service:write')
  @Local()
  report(@Input(reportInput) { params, body }: InputOf<typeof reportInput>, @Call() call: HttpCall): Answer {
    requirePermission(call.caller, { resource: 'service', access: 'write', name: body.service });
    const id = params['*'];
    const local = this.services.find(id);
    if (local === undefined) throw new BanyanError('SERVICE_NOT_FOUND', `unknown service ID: ${id}`);
    if (serviceOf(local) !== body.service) {
      throw new BanyanError('REQUEST_INVALID', `${id} does not stand for the service "${body.service}"`);
    }
    this.reports.take(id, body);
    return answerEmpty();
  }
}

const serviceOf = ({ service }: LocalService): string => service.Proxy?.DestinationServiceName ?? service.Service;
