import { requirePermission, permits } from '@banyan/acl';
import { agentRegistrationOf, agentServiceBodySchema, serviceContentHash, toAgentService } from '@banyan/catalog';
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
import { BanyanError, Random, Timers } from '@banyan/kernel';
import { waitLimit } from '@banyan/watch';
import { Controller, Get, Put } from '@nestjs/common';
import { AgentSettings } from '../ports/agent-settings.js';
import { LocalServices } from './local-services.js';
import type { LocalService } from './services-file.js';

const registerInput = defineInput({ body: agentServiceBodySchema });
const deregisterInput = defineInput({ params: { '*': pathText(256) } });
const listInput = defineInput({});
const oneInput = defineInput({ params: { '*': pathText(256) }, query: { hash: queryText(128) } });

/** Services of this node (contract §5.1 to §5.4). */
@Controller('/v1/agent')
export class AgentServiceController {
  constructor(
    private readonly services: LocalServices,
    private readonly settings: AgentSettings,
    private readonly timers: Timers,
    private readonly random: Random,
  ) {}

  @Put('/service/register')
  @Access('service:write')
  @Local()
  register(@Input(registerInput) { body }: InputOf<typeof registerInput>, @Call() call: HttpCall): Answer {
    const registration = agentRegistrationOf(body);
    const { service } = registration;
    requirePermission(call.caller, { resource: 'service', access: 'write', name: service.Service });
    const destination = service.Proxy?.DestinationServiceName;
    if (destination !== undefined)
      requirePermission(call.caller, { resource: 'service', access: 'write', name: destination });
    this.services.register(registration);
    return answerEmpty();
  }

  @Put('/service/deregister/*')
  @Access('service:write')
  @Local()
  deregister(@Input(deregisterInput) { params }: InputOf<typeof deregisterInput>, @Call() call: HttpCall): Answer {
    const found = this.services.find(params['*']);
    if (found !== undefined)
      requirePermission(call.caller, { resource: 'service', access: 'write', name: found.service.Service });
    this.services.deregister(params['*']);
    return answerEmpty();
  }

  @Get('/services')
  @Access('service:read')
  @Local()
  list(@Input(listInput) _input: InputOf<typeof listInput>, @Call() call: HttpCall): Answer {
    const visible = this.services
      .list()
      .filter(
        ({ service }) => permits(call.caller, { resource: 'service', access: 'read', name: service.Service }).allowed,
      );
    const rows = visible.map(({ service }) => [service.ID, toAgentService(service, this.settings.datacenter)] as const);
    return answerJson(Object.fromEntries(rows));
  }

  /** With `hash`, waits while the registration has that hash (contract §0.7, hash form). */
  @Get('/service/*')
  @Access('service:read')
  @Local()
  async one(@Input(oneInput) { params, query }: InputOf<typeof oneInput>, @Call() call: HttpCall): Promise<Answer> {
    const id = params['*'];
    const present = this.#readable(id, call);
    if (query.hash === undefined || query.hash !== serviceContentHash(present.service)) return this.#answer(present);
    const limitMs = waitLimit(query.wait);
    await this.#changed(
      () => this.services.find(id)?.service !== present.service && this.#hashOf(id) !== query.hash,
      limitMs + (limitMs / 16) * this.random.fraction(),
      call.signal,
    );
    return this.#answer(this.#readable(id, call));
  }

  #readable(id: string, call: HttpCall): LocalService {
    const local = this.services.find(id);
    if (local === undefined) throw new BanyanError('SERVICE_NOT_FOUND', `unknown service ID: ${id}`);
    requirePermission(call.caller, { resource: 'service', access: 'read', name: local.service.Service });
    return local;
  }

  #answer({ service }: LocalService): Answer {
    const wire = toAgentService(service, this.settings.datacenter);
    return answerJson(wire).with({ 'X-Consul-ContentHash': wire.ContentHash });
  }

  #hashOf(id: string): string | undefined {
    const local = this.services.find(id);
    return local && serviceContentHash(local.service);
  }

  #changed(enough: () => boolean, limitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        timer.clear();
        unsubscribe();
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const unsubscribe = this.services.onChange(() => {
        if (enough()) end(resolve);
      });
      const onAbort = (): void => end(() => reject(new BanyanError('ABORTED', 'The caller went away')));
      const timer = this.timers.set(limitMs, () => end(resolve));
      if (signal.aborted) onAbort();
      else signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
