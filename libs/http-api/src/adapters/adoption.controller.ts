import { requirePermission } from '@banyan/acl';
import { LAGGARD_REASONS } from '@banyan/adoption';
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
import { toWireAdoption, toWireAgent } from '../domain/wire-adoption.js';
import { AdoptionDirectory } from '../ports/adoption-directory.js';

const MOST_PER_PAGE = 1_000;
const USUAL_PAGE = 100;

const readInput = defineInput({});
const agentsInput = defineInput({
  query: {
    /** The last node of the page before. */
    after: queryText(256),
    reason: queryText(32).transform((value, context) => {
      const reason = LAGGARD_REASONS.find((known) => known === value);
      if (value === undefined || reason !== undefined) return reason;
      return refuse(context, `Invalid value for ?reason: one of ${LAGGARD_REASONS.join(', ')}`);
    }),
    limit: queryText(8).transform((value, context): number => {
      if (value === undefined) return USUAL_PAGE;
      const limit = Number(value);
      if (/^\d+$/.test(value) && limit >= 1 && limit <= MOST_PER_PAGE) return limit;
      return refuse(context, `Invalid value for ?limit: a number from 1 to ${MOST_PER_PAGE}`);
    }),
  },
});

/** `/v1/connect/ca/adoption`: which roots are held and used here, and who is behind, and why. For operators only. */
@Controller('/v1/connect/ca/adoption')
export class AdoptionController {
  constructor(private readonly directory: AdoptionDirectory) {}

  /** Of the datacenter as a whole: what it tells its primary too. */
  @Get()
  @Access('operator:read')
  async adoption(@Input(readInput) _input: InputOf<typeof readInput>, @Call() call: HttpCall): Promise<Answer> {
    mayRead(call);
    return answerJson(toWireAdoption(await this.directory.read()));
  }

  /** Every agent by name, a page at a time; `Next` is the `after` of the next page, absent on the last. */
  @Get('/agents')
  @Access('operator:read')
  async agents(@Input(agentsInput) { query }: InputOf<typeof agentsInput>, @Call() call: HttpCall): Promise<Answer> {
    mayRead(call);
    const { after = '', reason, limit } = query;
    const all = await this.directory.agents();
    const fitting = all.filter(
      ({ node, laggard }) => node > after && (reason === undefined || laggard?.reason === reason),
    );
    const page = fitting.slice(0, limit);
    return answerJson({
      Agents: page.map(toWireAgent),
      Total: all.length,
      ...(fitting.length > page.length && { Next: page.at(-1)!.node }),
    });
  }
}

const mayRead = ({ caller }: HttpCall): void => requirePermission(caller, { resource: 'operator', access: 'read' });
