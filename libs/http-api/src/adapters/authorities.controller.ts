import { requirePermission } from '@banyan/acl';
import { CaProjection } from '@banyan/ca';
import {
  Access,
  type Answer,
  answerJson,
  Call,
  defineInput,
  HttpCall,
  Input,
  type InputOf,
  NoInput,
  ReadsOnly,
} from '@banyan/http-kit';
import { Clock } from '@banyan/kernel';
import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { z } from 'zod';
import { inspectChain } from '../domain/inspect-chain.js';
import { Authorities } from './authorities.js';

const MOST_CHARACTERS = 64 * 1024;

const inspectInput = defineInput({ body: z.strictObject({ PEM: z.string().min(1).max(MOST_CHARACTERS) }) });

/** `/v1/connect/ca/authorities` and `/v1/connect/ca/inspect`: the tree of trust, and a look at any certificate. */
@Controller('/v1/connect/ca')
export class AuthoritiesController {
  constructor(
    private readonly authorities: Authorities,
    private readonly ca: CaProjection,
    private readonly clock: Clock,
  ) {}

  @Get('/authorities')
  @Access('operator:read')
  @NoInput()
  async tree(@Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'read' });
    return answerJson(await this.authorities.read());
  }

  /** Changes nothing; a POST because certificates do not fit into a query. */
  @Post('/inspect')
  @ReadsOnly()
  @HttpCode(200)
  @Access('operator:read')
  inspect(@Input(inspectInput) { body }: InputOf<typeof inspectInput>, @Call() call: HttpCall): Answer {
    requirePermission(call.caller, { resource: 'operator', access: 'read' });
    const { roots, trustDomain, deniedKeys } = this.ca.state;
    const bundle = {
      anchors: roots.map(({ certificate }) => certificate),
      trustDomain: trustDomain?.name,
      deniedKeys: new Set(deniedKeys.map(({ keyFingerprint }) => keyFingerprint)),
    };
    return answerJson(inspectChain(body.PEM, bundle, this.clock.now()));
  }
}
