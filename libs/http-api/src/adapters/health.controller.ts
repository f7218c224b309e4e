import { requirePermission } from '@banyan/acl';
import { CatalogReader } from '@banyan/catalog';
import {
  Access,
  type Answer,
  Call,
  defineInput,
  HttpCall,
  Input,
  type InputOf,
  pathText,
  querySwitch,
  queryTexts,
} from '@banyan/http-kit';
import { Controller, Get } from '@nestjs/common';
import { visibleRows } from '../domain/visible-rows.js';
import { BlockingReads } from './blocking-reads.js';

const TOPICS = ['node', 'service', 'check'];

const serviceInput = defineInput({
  params: { service: pathText() },
  query: { passing: querySwitch('passing'), tag: queryTexts() },
});
const servicesInput = defineInput({});
const nodeInput = defineInput({ params: { node: pathText() } });

/** `/v1/health` (contract §6). An unknown service is an empty list, on which a caller can wait. */
@Controller('/v1/health')
export class HealthController {
  constructor(
    private readonly reader: CatalogReader,
    private readonly reads: BlockingReads,
  ) {}

  /** Every service that the caller may read, with its instances counted by health: one answer for a list of thousands. */
  @Get('/services')
  @Access('service:read')
  services(@Input(servicesInput) { query }: InputOf<typeof servicesInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.reads.answerVisible({ query, call, topics: TOPICS }, () =>
      visibleRows(call.caller, this.reader.serviceSummaries(), ({ Name }) => [
        { resource: 'service', access: 'read', name: Name },
      ]),
    );
  }

  @Get('/service/:service')
  @Access('service:read')
  service(@Input(serviceInput) input: InputOf<typeof serviceInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.#rows(input, call, false);
  }

  @Get('/connect/:service')
  @Access('service:read')
  connect(@Input(serviceInput) input: InputOf<typeof serviceInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.#rows(input, call, true);
  }

  @Get('/node/:node')
  @Access('node:read')
  node(@Input(nodeInput) { params, query }: InputOf<typeof nodeInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'node', access: 'read', name: params.node });
    return this.reads.answer({ query, call, topics: TOPICS }, () => this.reader.healthNode(params.node));
  }

  #rows({ params, query }: InputOf<typeof serviceInput>, call: HttpCall, connect: boolean): Promise<Answer> {
    const filter = { passing: query.passing, tags: query.tag, connect };
    return this.reads.answerVisible({ query, call, topics: TOPICS }, () =>
      visibleRows(call.caller, this.reader.healthService(params.service, filter), ({ Service }) => [
        { resource: 'service', access: 'read', name: Service.Service },
      ]),
    );
  }
}
