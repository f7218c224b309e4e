import { type Permission, permits, requirePermission } from '@banyan/acl';
import {
  Access,
  type Answer,
  answerEmpty,
  answerJson,
  Audited,
  Call,
  defineInput,
  HttpCall,
  Input,
  type InputOf,
  NoInput,
  pathText,
  Public,
  queryRequired,
  querySwitch,
} from '@banyan/http-kit';
import { BanyanError, SecretText } from '@banyan/kernel';
import { Controller, Get, Put } from '@nestjs/common';
import { z } from 'zod';
import { wireAclReplication, wireReplication } from '../domain/wire-replication.js';
import { ReplicationDesk } from '../ports/replication-desk.js';
import { writeContextOf } from './write-context.js';

const hashBody = z.strictObject({ Hash: z.string().min(1).max(128) });
const readInput = defineInput({});
const confirmInput = defineInput({ params: { stream: pathText(64) }, body: hashBody });
const adoptInput = defineInput({ body: hashBody });
const renewInput = defineInput({});
const scopesInput = defineInput({ query: { for: queryRequired('for', 64) } });
const tokenInput = defineInput({
  params: { type: pathText(64) },
  query: { force: querySwitch('force') },
  body: z.object({ Token: z.string().min(1).max(512) }),
});

/** What a header can carry; a line break or a quotation mark around it is a mistake of copying. */
const SECRET = /^[\w.~+/=:-]{8,512}$/;

/** A name that no datacenter has: who may sign for it may sign for all. */
const NOBODY = '-';

/** `/v1/replication`, and the two paths that existing clients know for a part of it. */
@Controller('/v1')
export class ReplicationController {
  constructor(private readonly desk: ReplicationDesk) {}

  @Get('/replication')
  @Access('operator:read')
  async read(@Input(readInput) _input: InputOf<typeof readInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'read' });
    return answerJson(wireReplication(await this.desk.view()));
  }

  @Get('/acl/replication')
  @Public()
  @NoInput()
  async acl(): Promise<Answer> {
    return answerJson(wireAclReplication(await this.desk.view()));
  }

  @Put('/replication/adopt')
  @Audited('replication.adopt')
  @Access('operator:write')
  async adopt(@Input(adoptInput) { body }: InputOf<typeof adoptInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'write' });
    await this.desk.adopt(writeContextOf(call), body.Hash);
    return answerEmpty();
  }

  @Put('/replication/new-epoch')
  @Audited('replication.new-epoch')
  @Access('operator:write')
  async renew(@Input(renewInput) _input: InputOf<typeof renewInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'write' });
    await this.desk.renewEpoch(writeContextOf(call));
    return answerEmpty();
  }

  @Put('/replication/:stream/confirm')
  @Audited('replication.confirm')
  @Access('operator:write')
  async confirm(
    @Input(confirmInput) { params, body }: InputOf<typeof confirmInput>,
    @Call() call: HttpCall,
  ): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'write' });
    const { deleted } = await this.desk.confirm(writeContextOf(call), params.stream, body.Hash);
    return answerJson({ Stream: params.stream, Deleted: deleted });
  }

  /** What the caller's token may do for a secondary's replication, without doing it. */
  @Get('/replication/scopes')
  @Public({ identify: true })
  scopes(@Input(scopesInput) { query }: InputOf<typeof scopesInput>, @Call() call: HttpCall): Answer {
    const allowedFor = (name: string) => scopesOf(name).map((permission) => permits(call.caller, permission));
    return answerJson({
      AccessorID: call.caller.accessorId,
      IsWider: allowedFor(NOBODY).some((verdict) => verdict.allowed),
      Scopes: scopesOf(query.for).map((permission) => {
        const { allowed, reason } = permits(call.caller, permission);
        const scope = `${permission.resource}:${permission.access}`;
        return { Scope: scope, Datacenter: query.for, Allowed: allowed, Reason: reason };
      }),
    });
  }

  /** Contract §5.9; only the replication token is one that servers use. */
  @Put('/agent/token/:type')
  @Audited('replication.token')
  @Access('operator:write')
  async token(
    @Input(tokenInput) { params, query, body }: InputOf<typeof tokenInput>,
    @Call() call: HttpCall,
  ): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'write' });
    if (params.type !== 'replication' && params.type !== 'acl_replication_token') {
      throw new BanyanError('ROUTE_NOT_FOUND', `Token "${params.type}" is unknown`);
    }
    if (!SECRET.test(body.Token)) {
      throw new BanyanError('REQUEST_INVALID', 'Token is no secret: 8 to 512 printable characters without a space');
    }
    const { checked, reason } = await this.desk.useToken(writeContextOf(call), new SecretText(body.Token), query);
    return answerJson({ Checked: checked, Reason: reason });
  }
}

const scopesOf = (name: string): readonly Permission[] => [
  { resource: 'replication', access: 'read', name },
  { resource: 'ca', access: 'sign-intermediate', name },
];
