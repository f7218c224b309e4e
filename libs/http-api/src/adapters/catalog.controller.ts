import { type Caller, type Permission, permits, requirePermission } from '@banyan/acl';
import {
  type CatalogRegistration,
  catalogDeregisterBodySchema,
  catalogDeregistrationOf,
  CatalogReader,
  catalogRegisterBodySchema,
  catalogRegistrationOf,
  CatalogWriter,
} from '@banyan/catalog';
import {
  Access,
  type Answer,
  answerJson,
  Audited,
  Call,
  defineInput,
  HttpCall,
  Input,
  type InputOf,
  pathText,
  queryTexts,
} from '@banyan/http-kit';
import { Clock } from '@banyan/kernel';
import { Controller, Get, Put } from '@nestjs/common';
import { visibleRows } from '../domain/visible-rows.js';
import { BlockingReads } from './blocking-reads.js';

const TOPICS = ['node', 'service', 'check'];

const listInput = defineInput({});
const serviceInput = defineInput({ params: { name: pathText() }, query: { tag: queryTexts() } });
const nodeInput = defineInput({ params: { node: pathText() } });
const registerInput = defineInput({ body: catalogRegisterBodySchema });
const deregisterInput = defineInput({ body: catalogDeregisterBodySchema });

/** `/v1/catalog` (contract §6). */
@Controller('/v1/catalog')
export class CatalogController {
  constructor(
    private readonly reader: CatalogReader,
    private readonly writer: CatalogWriter,
    private readonly reads: BlockingReads,
    private readonly clock: Clock,
  ) {}

  @Get('/services')
  @Access('service:read')
  services(@Input(listInput) { query }: InputOf<typeof listInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.reads.answerVisible(
      { query, call, topics: TOPICS },
      () => visibleRows(call.caller, Object.entries(this.reader.catalogServices()), ([name]) => [readService(name)]),
      (rows) => Object.fromEntries(rows),
    );
  }

  @Get('/service/:name')
  @Access('service:read')
  service(@Input(serviceInput) input: InputOf<typeof serviceInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.#rows(input, call, false);
  }

  @Get('/connect/:name')
  @Access('service:read')
  connect(@Input(serviceInput) input: InputOf<typeof serviceInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.#rows(input, call, true);
  }

  @Get('/nodes')
  @Access('node:read')
  nodes(@Input(listInput) { query }: InputOf<typeof listInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.reads.answerVisible({ query, call, topics: TOPICS }, () =>
      visibleRows(call.caller, this.reader.nodes(), ({ Node }) => [readNode(Node)]),
    );
  }

  /** An unknown node is `null`, not 404. */
  @Get('/node/:node')
  @Access('node:read')
  node(@Input(nodeInput) { params, query }: InputOf<typeof nodeInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, readNode(params.node));
    return this.reads.answer({ query, call, topics: TOPICS }, () => {
      const found = this.reader.node(params.node);
      if (found === undefined) return null;
      const services = Object.entries(found.Services).filter(([, { Service }]) => canRead(call.caller, Service));
      return { Node: found.Node, Services: Object.fromEntries(services) };
    });
  }

  @Put('/register')
  @Audited('catalog.register')
  @Access('node:write')
  async register(
    @Input(registerInput) { body }: InputOf<typeof registerInput>,
    @Call() call: HttpCall,
  ): Promise<Answer> {
    const registration = catalogRegistrationOf(body);
    requireRegistrationRights(call.caller, registration);
    await this.reads.visible(await this.writer.register(registration, this.clock.now()), call);
    return answerJson(true);
  }

  @Put('/deregister')
  @Audited('catalog.deregister')
  @Access('node:write')
  async deregister(
    @Input(deregisterInput) { body }: InputOf<typeof deregisterInput>,
    @Call() call: HttpCall,
  ): Promise<Answer> {
    const deregistration = catalogDeregistrationOf(body);
    requirePermission(call.caller, { resource: 'node', access: 'write', name: deregistration.node });
    await this.reads.visible(await this.writer.deregister(deregistration), call);
    return answerJson(true);
  }

  #rows({ params, query }: InputOf<typeof serviceInput>, call: HttpCall, connect: boolean): Promise<Answer> {
    return this.reads.answerVisible({ query, call, topics: TOPICS }, () =>
      visibleRows(call.caller, this.reader.serviceRows(params.name, { tags: query.tag, connect }), (row) => [
        readService(row.ServiceName),
      ]),
    );
  }
}

const readService = (name: string): Permission => ({ resource: 'service', access: 'read', name });
const readNode = (name: string): Permission => ({ resource: 'node', access: 'read', name });
const canRead = (caller: Caller, service: string): boolean => permits(caller, readService(service)).allowed;

/** node:write on the node, and for a service service:write on it or the right to register on that node. */
const requireRegistrationRights = (caller: Caller, { node, service }: CatalogRegistration): void => {
  requirePermission(caller, { resource: 'node', access: 'write', name: node.Node });
  if (service === undefined) return;
  if (permits(caller, { resource: 'registration', access: 'write', name: node.Node }).allowed) return;
  requirePermission(caller, { resource: 'service', access: 'write', name: service.Service });
};
