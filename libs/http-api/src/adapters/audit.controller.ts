import { type AuditEntry, AuditReader, toWireAudit } from '@banyan/audit';
import {
  Access,
  type Answer,
  answerJson,
  Call,
  defineInput,
  HttpCall,
  Input,
  type InputOf,
  queryText,
  refuse,
} from '@banyan/http-kit';
import { Controller, Get } from '@nestjs/common';
import { queryNumber, queryPlace, queryTime, wirePlace } from '../domain/trail-query.js';
import { answerLines, mayReadTrails, MOST_PER_PAGE, pageOf, USUAL_PAGE } from './trail-answers.js';

const result = queryText(10).transform((value, context): AuditEntry['result'] | undefined => {
  if (value === undefined || value === 'ok' || value === 'denied' || value === 'failed') return value;
  return refuse(context, 'Invalid value for ?result: ok, denied or failed');
});

const searchInput = defineInput({
  query: {
    actor: queryText(512),
    action: queryText(128),
    result,
    since: queryTime('since'),
    until: queryTime('until'),
    before: queryNumber('before'),
    after: queryNumber('after'),
    limit: queryNumber('limit', MOST_PER_PAGE),
  },
});
const exportInput = defineInput({ query: { after: queryNumber('after') } });
const verifyInput = defineInput({ query: { anchor: queryPlace('anchor') } });

/** `/v1/audit`: who did what in this datacenter, and who was refused. For operators only. */
@Controller('/v1/audit')
export class AuditController {
  constructor(private readonly trail: AuditReader) {}

  /**
   * The newest entries that fit, or the oldest after `after`. `Next` is the `before` (or `after`) of the next page, absent
   * on the last.
   */
  @Get()
  @Access('operator:read')
  async search(@Input(searchInput) { query }: InputOf<typeof searchInput>, @Call() call: HttpCall): Promise<Answer> {
    mayReadTrails(call);
    const limit = Math.max(1, query.limit ?? USUAL_PAGE);
    const names = ['actor', 'action', 'result', 'since', 'until', 'before', 'after'] as const;
    const wanted = Object.fromEntries(
      names.flatMap((name) => (query[name] === undefined ? [] : [[name, query[name]]])),
    );
    const entries = await this.trail.search({ ...wanted, limit });
    return answerJson(pageOf(entries, limit, toWireAudit));
  }

  /**
   * Everything after `after`, one entry per line, the oldest first. Through an agent or from another datacenter at most
   * 5,000 lines: whoever gets a full answer asks again after its last number.
   */
  @Get('/export')
  @Access('operator:read')
  async export(@Input(exportInput) { query }: InputOf<typeof exportInput>, @Call() call: HttpCall): Promise<Answer> {
    mayReadTrails(call);
    return answerLines(call, this.trail.export(query.after ?? 0, call.signal), toWireAudit);
  }

  /** Proves the whole trail, and that it still leads through `anchor`, a place of an earlier proof. */
  @Get('/verify')
  @Access('operator:read')
  async verify(@Input(verifyInput) { query }: InputOf<typeof verifyInput>, @Call() call: HttpCall): Promise<Answer> {
    mayReadTrails(call);
    const proof = await this.trail.verify(call.signal, query.anchor);
    const { valid, entries, checkpoint, head, servers, firstBreak } = proof;
    return answerJson({
      Valid: valid,
      Entries: entries,
      Checkpoint: wirePlace(checkpoint.datacenter),
      Head: wirePlace(head),
      Servers: [...servers].map(([name, place]) => ({ Server: name, ...wirePlace(place) })),
      ...(firstBreak && {
        Break: {
          Seq: firstBreak.seq,
          ...(firstBreak.server !== undefined && { Server: firstBreak.server }),
          Kind: firstBreak.kind,
          Detail: firstBreak.detail,
        },
      }),
    });
  }
}
