import { BanyanError } from '@banyan/kernel';
import { Command } from 'commander';
import { anything } from '../../api/api-client.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { EXACT } from '../../wire/intention-shapes.js';
import {
  addEverywhereOptions,
  type EverywhereOptions,
  findBeforeWrite,
  findIntention,
  waitEverywhere,
} from './everywhere.js';
import { actionText } from './intention-view.js';

const EXAMPLES = `
What then holds for the pair is decided by a less exact intention, or the default: --dry-run shows the intention first. The
token needs intention:write on DST.

Examples:
  banyan intention delete web api
  banyan intention delete --dry-run web api
  banyan intention delete --wait web api
`;

interface DeleteOptions extends EverywhereOptions {
  readonly dryRun?: boolean;
}

const remove = async (session: Session, options: DeleteOptions, source: string, destination: string): Promise<void> => {
  const pair = { source, destination };
  const isDone = options.dryRun !== true;
  const found = await (isDone ? findBeforeWrite(session, pair) : findIntention(session, pair));
  const present = found === 'denied' ? { Action: undefined } : found;
  // The route answers `true` for one that is not there, too; a person who mistyped a name wants to know.
  if (present === undefined)
    throw new BanyanError('INTENTION_NOT_FOUND', `there is no intention ${source} => ${destination}`);
  if (isDone) await session.api.ask({ method: 'DELETE', path: EXACT, query: pair, shape: anything });
  session.out.show(
    { Source: source, Destination: destination, Before: actionText(present), Deleted: isDone },
    () => `${isDone ? 'Deleted' : 'Would delete'}: ${source} => ${destination} (${actionText(present)})\n`,
  );
  if (isDone) await waitEverywhere(session, options, { pair, isThere: (there) => there === undefined });
};

/** `banyan intention delete`. */
export const deleteCommand = (surroundings: Surroundings): Command =>
  addEverywhereOptions(
    new Command('delete')
      .description('take an intention away')
      .argument('<SRC>', 'who calls, or *')
      .argument('<DST>', 'who is called, or *')
      .option('--dry-run', 'only show what would be deleted')
      .addHelpText('after', EXAMPLES),
  ).action(
    inSession<DeleteOptions, readonly [string, string]>(surroundings, (session, options, source, destination) =>
      remove(session, options, source, destination),
    ),
  );
