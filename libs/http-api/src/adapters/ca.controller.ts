import { requirePermission } from '@banyan/acl';
import { CA_TOPICS, CaProjection, toWireRoots, type WireRoots } from '@banyan/ca';
import {
  Access,
  type Answer,
  answerEmpty,
  answerJson,
  answerText,
  Audited,
  Call,
  defineInput,
  HttpCall,
  indexHeaders,
  Input,
  type InputOf,
  Public,
  queryText,
  refuse,
} from '@banyan/http-kit';
import { BanyanError } from '@banyan/kernel';
import { Controller, Get, Put } from '@nestjs/common';
import { z } from 'zod';
import { CaConfigurationWriter } from '../ports/ca-configuration-writer.js';
import { caOptions } from './ca-options.js';
import { BlockingReads } from './blocking-reads.js';
import { writeContextOf } from './write-context.js';

/** The words that Go's ParseBool takes. */
const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['', '0', 'f', 'F', 'FALSE', 'false', 'False'];

const rootsInput = defineInput({
  query: {
    pem: queryText(8).transform((value, context): boolean => {
      if (value === undefined || FALSE.includes(value)) return false;
      if (TRUE.includes(value)) return true;
      return refuse(context, `The 'pem' query parameter must be a boolean value`);
    }),
  },
});
const readInput = defineInput({});
const writeInput = defineInput({
  body: z.strictObject({
    Provider: z.string().max(256),
    Config: caOptions,
    State: z.record(z.string().max(128), z.string().max(1_024)).nullish(),
    ForceWithoutCrossSigning: z.boolean().optional(),
    force_without_cross_signing: z.boolean().optional(),
    CreateIndex: z.number().optional(),
    ModifyIndex: z.number().optional(),
  }),
});

/** `/v1/connect/ca` (contract §1). */
@Controller('/v1/connect/ca')
export class CaController {
  constructor(
    private readonly ca: CaProjection,
    private readonly writer: CaConfigurationWriter,
    private readonly reads: BlockingReads,
  ) {}

  @Get('/roots')
  @Public()
  async roots(@Input(rootsInput) { query }: InputOf<typeof rootsInput>, @Call() call: HttpCall): Promise<Answer> {
    const answer = await this.reads.answer({ query, call, topics: CA_TOPICS }, () => this.#roots());
    if (!query.pem) return answer;
    const pem = this.#roots()
      .Roots.map((root) => root.RootCert + (root.IntermediateCerts ?? []).join(''))
      .join('');
    return answerText(pem, 200, 'application/pem-certificate-chain').with(answer.headers);
  }

  @Get('/configuration')
  @Access('operator:write')
  configuration(@Input(readInput) _input: InputOf<typeof readInput>, @Call() call: HttpCall): Answer {
    requirePermission(call.caller, { resource: 'operator', access: 'write' });
    const { parsed, forceWithoutCrossSigning, createIndex, modifyIndex } = this.ca.getConfiguration();
    return answerJson({
      Provider: parsed.provider,
      Config: parsed.options,
      State: null,
      ForceWithoutCrossSigning: forceWithoutCrossSigning,
      CreateIndex: createIndex,
      ModifyIndex: modifyIndex,
    }).with(indexHeaders(modifyIndex, this.reads.age));
  }

  @Put('/configuration')
  @Audited('ca.configure')
  @Access('operator:write')
  async configure(@Input(writeInput) { body }: InputOf<typeof writeInput>, @Call() call: HttpCall): Promise<Answer> {
    requirePermission(call.caller, { resource: 'operator', access: 'write' });
    if (body.State && Object.keys(body.State).length > 0) {
      throw new BanyanError('CA_STATE_READ_ONLY', 'Provider State is read-only: leave State out');
    }
    await this.writer.configure(writeContextOf(call), {
      provider: body.Provider,
      options: body.Config,
      forceWithoutCrossSigning: body.ForceWithoutCrossSigning ?? body.force_without_cross_signing ?? false,
    });
    return answerEmpty();
  }

  #roots(): WireRoots {
    return toWireRoots({ ...this.ca.state, trustDomain: this.ca.getTrustDomain(), active: this.ca.getActive() });
  }
}
