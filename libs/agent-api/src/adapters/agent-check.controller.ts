import { permits, requirePermission } from '@banyan/acl';
import type { CheckStatus } from '@banyan/catalog';
import {
  Access,
  type Answer,
  answerEmpty,
  answerJson,
  Call,
  defineInput,
  HttpCall,
  Input,
  type InputOf,
  Local,
  pathText,
  queryText,
} from '@banyan/http-kit';
import { BanyanError } from '@banyan/kernel';
import { Controller, Get, Put } from '@nestjs/common';
import { z } from 'zod';
import { checkStateOf } from '../domain/check-state.js';
import { AgentSettings } from '../ports/agent-settings.js';
import { LocalServices } from './local-services.js';

const listInput = defineInput({});
const reportInput = defineInput({ params: { '*': pathText() }, query: { note: queryText(4_096) } });
const updateInput = defineInput({
  params: { '*': pathText() },
  body: z.strictObject({ Status: z.string().max(64).default(''), Output: z.string().max(65_536).default('') }),
});

/** Checks of this node's services, and what the services report of themselves (contract §5.5). */
@Controller('/v1/agent')
export class AgentCheckController {
  constructor(
    private readonly services: LocalServices,
    private readonly settings: AgentSettings,
  ) {}

  @Get('/checks')
  @Access('node:read')
  @Local()
  list(@Input(listInput) _input: InputOf<typeof listInput>, @Call() call: HttpCall): Answer {
    requirePermission(call.caller, { resource: 'node', access: 'read', name: this.settings.node });
    const rows = this.services.list().flatMap(({ service, checks }) =>
      checks.map((check) => [
        check.checkId,
        {
          Node: this.settings.node,
          ...checkStateOf(check, this.services.resultOf(check)),
          ServiceName: service.Service,
          ServiceTags: service.Tags,
          Definition: {},
          CreateIndex: 0,
          ModifyIndex: 0,
        },
      ]),
    );
    return answerJson(Object.fromEntries(rows));
  }

  @Put('/check/pass/*')
  @Access('service:write')
  @Local()
  pass(@Input(reportInput) input: InputOf<typeof reportInput>, @Call() call: HttpCall): Answer {
    return this.#report(call, input.params['*'], { status: 'passing', output: input.query.note ?? '' });
  }

  @Put('/check/warn/*')
  @Access('service:write')
  @Local()
  warn(@Input(reportInput) input: InputOf<typeof reportInput>, @Call() call: HttpCall): Answer {
    return this.#report(call, input.params['*'], { status: 'warning', output: input.query.note ?? '' });
  }

  @Put('/check/fail/*')
  @Access('service:write')
  @Local()
  fail(@Input(reportInput) input: InputOf<typeof reportInput>, @Call() call: HttpCall): Answer {
    return this.#report(call, input.params['*'], { status: 'critical', output: input.query.note ?? '' });
  }

  @Put('/check/update/*')
  @Access('service:write')
  @Local()
  update(@Input(updateInput) { params, body }: InputOf<typeof updateInput>, @Call() call: HttpCall): Answer {
    return this.#report(call, params['*'], { status: statusOf(body.Status), output: body.Output });
  }

  /** Who may write the node, or the service that the check is about. */
  #report(call: HttpCall, checkId: string, result: { status: CheckStatus; output: string }): Answer {
    const { local } = this.services.getCheck(checkId);
    const writesNode = permits(call.caller, { resource: 'node', access: 'write', name: this.settings.node }).allowed;
    if (!writesNode)
      requirePermission(call.caller, { resource: 'service', access: 'write', name: local.service.Service });
    this.services.report(checkId, result);
    return answerEmpty();
  }
}

const STATUSES: Readonly<Record<string, CheckStatus>> = {
  passing: 'passing',
  warning: 'warning',
  critical: 'critical',
};

const statusOf = (text: string): CheckStatus => {
  const status = Object.hasOwn(STATUSES, text) ? STATUSES[text] : undefined;
  if (status === undefined) throw new BanyanError('REQUEST_INVALID', `Invalid check status: '${text}'`);
  return status;
};
