import {
  ANONYMOUS,
  type IndexedTokenRecord,
  requirePermission,
  tokenBodySchema,
  tokenDraftOf,
  TokenReader,
  TokenWriter,
  toWireToken,
} from '@banyan/acl';
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
  Public,
  queryText,
} from '@banyan/http-kit';
import { BanyanError, SecretText } from '@banyan/kernel';
import { Controller, Delete, Get, Put } from '@nestjs/common';
import { z } from 'zod';
import { BlockingReads } from './blocking-reads.js';
import { writeContextOf } from './write-context.js';

const TOPICS = ['token'];

const bootstrapInput = defineInput({
  body: z.strictObject({ BootstrapSecret: z.string().min(16).max(256).optional() }),
  bodyOptional: true,
});
const createInput = defineInput({ body: tokenBodySchema, bodyErrorPrefix: 'Token decoding failed: ' });
const accessorInput = defineInput({ params: { accessor: pathText(64) } });
const updateInput = defineInput({
  params: { accessor: pathText(64) },
  // The secret of a token never changes; what an answer hides may stand there.
  body: tokenBodySchema.extend({ SecretID: z.literal('<hidden>').optional() }),
  bodyErrorPrefix: 'Token decoding failed: ',
});
const selfInput = defineInput({});
const listInput = defineInput({ query: { servicename: queryText(128), policy: queryText(64) } });

/** `/v1/acl` (contract §8.1). A secret is answered to who makes the token, or holds it, and to nobody else. */
@Controller('/v1/acl')
export class TokenController {
  constructor(
    private readonly reader: TokenReader,
    private readonly writer: TokenWriter,
    private readonly reads: BlockingReads,
  ) {}

  @Put('/bootstrap')
  @Audited('acl.bootstrap')
  @Public()
  async bootstrap(
    @Input(bootstrapInput) { body }: InputOf<typeof bootstrapInput>,
    @Call() call: HttpCall,
  ): Promise<Answer> {
    const given = (body as { BootstrapSecret?: string } | undefined)?.BootstrapSecret;
    const created = await this.writer.bootstrap(given === undefined ? undefined : new SecretText(given));
    await this.reads.visible(created.index, call);
    return answerJson({ ID: created.secret.reveal(), ...toWireToken(created.record, created.secret) });
  }

  @Put('/token')
  @Audited('token.create')
  @Access('acl:write')
  async create(@Input(createInput) { body }: InputOf<typeof createInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'acl', access: 'write' });
    const created = await this.writer.create(writeContextOf(call), tokenDraftOf(body));
    await this.reads.visible(created.index, call);
    return answerJson(toWireToken(created.record, created.secret));
  }

  @Get('/token/self')
  @Public({ identify: true })
  self(@Input(selfInput) { query }: InputOf<typeof selfInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.reads.answer({ query, call, topics: TOPICS }, () => {
      if (call.caller.role === undefined) return ANONYMOUS_TOKEN;
      const record = this.reader.find(call.caller.accessorId);
      if (record === undefined) throw new BanyanError('TOKEN_NOT_FOUND', 'Supplied token does not exist');
      return toWireToken(record, call.token);
    });
  }

  @Get('/token/:accessor')
  @Access('acl:read')
  read(
    @Input(accessorInput) { params, query }: InputOf<typeof accessorInput>,
    @Call() call: HttpCall,
  ): Promise<Answer> {
    requirePermission(call.caller, { resource: 'acl', access: 'read' });
    return this.reads.answer({ query, call, topics: TOPICS }, () => {
      const record = this.reader.find(params.accessor);
      if (record !== undefined) return toWireToken(record);
      throw new BanyanError('TOKEN_NOT_FOUND', 'Requested token does not exist: ACL not found');
    });
  }

  /** Role and description are replaced, the secret stays: what a client read can be sent back without its secret. */
  @Put('/token/:accessor')
  @Audited('token.update')
  @Access('acl:write')
  async update(
    @Input(updateInput) { params, body }: InputOf<typeof updateInput>,
    @Call() call: HttpCall,
  ): Promise<Answer> {
    requirePermission(call.caller, { resource: 'acl', access: 'write' });
    if ((body.AccessorID ?? params.accessor) !== params.accessor) {
      throw new BanyanError('REQUEST_INVALID', 'The AccessorID of the body is not the one of the URL');
    }
    const { record, index } = await this.writer.update(writeContextOf(call), params.accessor, tokenDraftOf(body));
    await this.reads.visible(index, call);
    return answerJson(toWireToken(record));
  }

  @Delete('/token/:accessor')
  @Audited('token.delete')
  @Access('acl:write')
  async remove(
    @Input(accessorInput) { params }: InputOf<typeof accessorInput>,
    @Call() call: HttpCall,
  ): Promise<Answer> {
    requirePermission(call.caller, { resource: 'acl', access: 'write' });
    await this.reads.visible(await this.writer.delete(writeContextOf(call), params.accessor), call);
    return answerJson(true);
  }

  @Get('/tokens')
  @Access('acl:read')
  list(@Input(listInput) { query }: InputOf<typeof listInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'acl', access: 'read' });
    return this.reads.answer({ query, call, topics: TOPICS }, () =>
      this.reader
        .list()
        .filter((record) => isWanted(record, query))
        .map((record) => toWireToken(record)),
    );
  }
}

/** What a request without a token may know of itself. */
const ANONYMOUS_TOKEN = {
  AccessorID: ANONYMOUS.accessorId,
  SecretID: 'anonymous',
  Description: ANONYMOUS.description,
  Local: false,
  CreateTime: '0001-01-01T00:00:00Z',
  CreateIndex: 1,
  ModifyIndex: 1,
};

const isWanted = (
  record: IndexedTokenRecord,
  wanted: { readonly servicename: string | undefined; readonly policy: string | undefined },
): boolean => {
  const { Policies = [], ServiceIdentities = [] } = toWireToken(record);
  return (
    (wanted.policy === undefined || Policies.some(({ ID }) => ID === wanted.policy)) &&
    (wanted.servicename === undefined ||
      ServiceIdentities.some(({ ServiceName }) => ServiceName === wanted.servicename))
  );
};
