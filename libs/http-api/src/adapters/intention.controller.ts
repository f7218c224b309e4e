import { type Permission, permits, requirePermission } from '@banyan/acl';
import { Access, type Answer, answerJson, Audited, Call, HttpCall, Input, type InputOf } from '@banyan/http-kit';
import { draftOf, IntentionReader, IntentionWriter, parseIntentionName, toWireIntention } from '@banyan/intentions';
import { BanyanError } from '@banyan/kernel';
import { Controller, Delete, Get, Put } from '@nestjs/common';
import { visibleRows } from '../domain/visible-rows.js';
import { toWireWhy } from '../domain/wire-why.js';
import { HttpApiSettings } from '../ports/http-api-settings.js';
import { BlockingReads } from './blocking-reads.js';
import { checkInput, exactInput, exactWriteInput, listInput, matchInput } from './intention.inputs.js';
import { writeContextOf } from './write-context.js';

const TOPICS = ['intention'];

/** `/v1/connect/intentions` (contract §3.6). */
@Controller('/v1/connect/intentions')
export class IntentionController {
  constructor(
    private readonly reader: IntentionReader,
    private readonly writer: IntentionWriter,
    private readonly reads: BlockingReads,
    private readonly settings: HttpApiSettings,
  ) {}

  @Get()
  @Access('intention:read')
  list(@Input(listInput) { query }: InputOf<typeof listInput>, @Call() call: HttpCall): Promise<Answer> {
    return this.reads.answerVisible(
      { query, call, topics: TOPICS },
      () =>
        visibleRows(call.caller, this.reader.list(), (intention) => [
          readOf(intention.destinationName),
          readOf(intention.sourceName),
        ]),
      (rows) => rows.map(toWireIntention),
    );
  }

  @Get('/exact')
  @Access('intention:read')
  exact(@Input(exactInput) { query }: InputOf<typeof exactInput>, @Call() call: HttpCall): Promise<Answer> {
    const { source, destination } = pairOf(query);
    if (!permits(call.caller, readOf(source)).allowed) requirePermission(call.caller, readOf(destination));
    return this.reads.answer({ query, call, topics: TOPICS }, () => {
      const intention = this.reader.exact(source, destination);
      if (intention === undefined) throw new BanyanError('INTENTION_NOT_FOUND', 'Intention not found');
      return toWireIntention(intention);
    });
  }

  @Put('/exact')
  @Audited('intention.write')
  @Access('intention:write')
  async upsert(
    @Input(exactWriteInput) { query, body }: InputOf<typeof exactWriteInput>,
    @Call() call: HttpCall,
  ): Promise<Answer> {
    const { source, destination } = pairOf(query);
    requirePermission(call.caller, writeOf(destination));
    const draft = draftOf(body, { sourceName: source, destinationName: destination });
    await this.reads.visible(await this.writer.upsert(writeContextOf(call), draft), call);
    return answerJson(true);
  }

  @Delete('/exact')
  @Audited('intention.delete')
  @Access('intention:write')
  async remove(@Input(exactInput) { query }: InputOf<typeof exactInput>, @Call() call: HttpCall): Promise<Answer> {
    const { source, destination } = pairOf(query);
    requirePermission(call.caller, writeOf(destination));
    await this.reads.visible(await this.writer.delete(writeContextOf(call), source, destination), call);
    return answerJson(true);
  }

  @Get('/match')
  @Access('intention:read')
  match(@Input(matchInput) { query }: InputOf<typeof matchInput>, @Call() call: HttpCall): Promise<Answer> {
    const names = query.name.map((raw) => [raw, parseIntentionName(raw, 'name')] as const);
    for (const [, name] of names) requirePermission(call.caller, readOf(name));
    return this.reads.answer({ query, call, topics: TOPICS }, () =>
      Object.fromEntries(names.map(([raw, name]) => [raw, this.reader.match(query.by, name).map(toWireIntention)])),
    );
  }

  /**
   * Needs service:read on the destination, not intention:read: it tells what a service may do, not the rules. With `why` it
   * names the rule, and asks for intention:read, too.
   */
  @Get('/check')
  @Access('service:read')
  check(@Input(checkInput) { query }: InputOf<typeof checkInput>, @Call() call: HttpCall): Promise<Answer> {
    const { source, destination } = pairOf(query);
    requirePermission(call.caller, { resource: 'service', access: 'read', name: destination });
    if (query.why && !permits(call.caller, readOf(source)).allowed) requirePermission(call.caller, readOf(destination));
    const { defaultIntentionAction: defaultAction } = this.settings;
    return this.reads.answer({ query, call, topics: TOPICS }, () => {
      const verdict = this.reader.decide({ source, destination, defaultAction });
      return { Allowed: verdict.allowed, ...(query.why && { Why: toWireWhy(verdict, defaultAction) }) };
    });
  }
}

const readOf = (name: string): Permission => ({ resource: 'intention', access: 'read', name });
const writeOf = (name: string): Permission => ({ resource: 'intention', access: 'write', name });

const pairOf = (query: { readonly source: string; readonly destination: string }) => ({
  source: parseIntentionName(query.source, 'source'),
  destination: parseIntentionName(query.destination, 'destination'),
});
