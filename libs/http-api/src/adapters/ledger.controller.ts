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
import { colonHex, LedgerReader, toWireEntry } from '@banyan/ledger';
import { Controller, Get } from '@nestjs/common';
import { queryNumber, queryPlace, queryTime, wirePlace } from '../domain/trail-query.js';
import { answerLines, mayReadTrails, MOST_PER_PAGE, pageOf, USUAL_PAGE } from './trail-answers.js';

const hexText = (name: string) =>
  queryText(200).transform((value, context): string | undefined => {
    if (value === undefined) return undefined;
    if (/^[0-9a-f: ]+$/i.test(value)) return colonHex(value);
    return refuse(context, `Invalid value for ?${name}: hexadecimal, such as 40:01:0a`);
  });

const searchInput = defineInput({
  query: {
    service: queryText(128),
    serial: hexText('serial'),
    issuer: hexText('issuer'),
    node: queryText(256),
    since: queryTime('since'),
    until: queryTime('until'),
    before: queryNumber('before'),
    limit: queryNumber('limit', MOST_PER_PAGE),
  },
});
const exportInput = defineInput({ query: { after: queryNumber('after') } });
const verifyInput = defineInput({ query: { anchor: queryPlace('anchor') } });

/** `/v1/connect/ca/ledger`: which certificates this datacenter signed. For operators only. */
@Controller('/v1/connect/ca/ledger')
export class LedgerController {
  constructor(private readonly ledger: LedgerReader) {}

  /** The newest entries that fit. `Next` is the `before` of the next page, absent on the last. */
  @Get()
  @Access('operator:read')
  async search(@Input(searchInput) { query }: InputOf<typeof searchInput>, @Call() call: HttpCall): Promise<Answer> {
    mayReadTrails(call);
    const { service, serial, issuer, node, since, until, before } = query;
    const limit = Math.max(1, query.limit ?? USUAL_PAGE);
    const entries = await this.ledger.search({
      ...(service !== undefined && { service }),
      ...(serial !== undefined && { serialHex: serial }),
      ...(issuer !== undefined && { issuerKeyId: issuer }),
      ...(node !== undefined && { node }),
      ...(since !== undefined && { since }),
      ...(until !== undefined && { until }),
      ...(before !== undefined && { before }),
      limit,
    });
    return answerJson(pageOf(entries, limit, toWireEntry));
  }

  /**
   * Everything after `after`, one entry per line, the oldest first. Through an agent or from another datacenter at most
   * 5,000 lines: whoever gets a full answer asks again after its last number.
   */
  @Get('/export')
  @Access('operator:read')
  async export(@Input(exportInput) { query }: InputOf<typeof exportInput>, @Call() call: HttpCall): Promise<Answer> {
    mayReadTrails(call);
    return answerLines(call, this.ledger.export(query.after ?? 0, call.signal), toWireEntry);
  }

  /** Proves the whole chain, and that it still leads through `anchor`, a place of an earlier proof. */
  @Get('/verify')
  @Access('operator:read')
  async verify(@Input(verifyInput) { query }: InputOf<typeof verifyInput>, @Call() call: HttpCall): Promise<Answer> {
    mayReadTrails(call);
    const { valid, entries, checkpoint, head, firstBreak } = await this.ledger.verify(call.signal, query.anchor);
    return answerJson({
      Valid: valid,
      Entries: entries,
      Checkpoint: wirePlace(checkpoint),
      Head: wirePlace(head),
      ...(firstBreak && { Break: { Seq: firstBreak.seq, Kind: firstBreak.kind, Detail: firstBreak.detail } }),
    });
  }
}
