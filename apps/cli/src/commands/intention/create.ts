import { BanyanError } from '@banyan/kernel';
import { Command } from 'commander';
import { z } from 'zod';
import { anything } from '../../api/api-client.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { EXACT } from '../../wire/intention-shapes.js';
import { readJson } from '../read-json.js';
import {
  addEverywhereOptions,
  type EverywhereOptions,
  findBeforeWrite,
  findIntention,
  waitEverywhere,
} from './everywhere.js';
import { actionText } from './intention-view.js';

const EXAMPLES = `
SRC and DST are services, or * for all. It is written in the primary, whoever is asked, and holds for open connections, too.
One that is there already is refused, unless --replace is given. The token needs intention:write on DST.

Examples:
  banyan intention create web api                     web may call api
  banyan intention create -deny '*' db                nobody may call db, unless a more exact intention says so
  banyan intention create -replace -deny web api
  banyan intention create -permissions paths.json web api
  banyan intention create --wait -deny web api        and wait until every datacenter decides so
`;

interface CreateOptions extends EverywhereOptions {
  readonly allow?: boolean;
  readonly deny?: boolean;
  readonly permissions?: string;
  readonly description?: string;
  readonly replace?: boolean;
  readonly dryRun?: boolean;
}

/** What is to be written; exactly one of Action and Permissions. */
interface Wanted {
  readonly Action?: 'allow' | 'deny';
  readonly Permissions?: readonly unknown[];
  readonly Description?: string;
}

const wantedOf = async (session: Session, options: CreateOptions): Promise<Wanted> => {
  const kinds = [options.allow, options.deny, options.permissions].filter((each) => each !== undefined);
  if (kinds.length > 1) {
    throw new BanyanError('CONFIG_INVALID', 'give one of --allow, --deny and --permissions');
  }
  const about = options.description === undefined ? {} : { Description: options.description };
  if (options.permissions === undefined) return { Action: options.deny === true ? 'deny' : 'allow', ...about };
  const read = z.array(z.unknown()).safeParse(await readJson(options.permissions, session.surroundings.input));
  if (!read.success) throw new BanyanError('CONFIG_INVALID', `${options.permissions} must hold a JSON array`);
  return { Permissions: read.data, ...about };
};

const create = async (session: Session, options: CreateOptions, source: string, destination: string): Promise<void> => {
  const pair = { source, destination };
  const wanted = await wantedOf(session, options);
  const isDry = options.dryRun === true;
  const found = await (isDry ? findIntention(session, pair) : findBeforeWrite(session, pair));
  const present = found === 'denied' ? undefined : found;
  if (present !== undefined && options.replace !== true) {
    throw new BanyanError('CONFLICT', `${source} => ${destination} is there already: ${actionText(present)}`, {
      fields: { next: '--replace takes its place; `banyan intention get` shows it' },
    });
  }
  const result = {
    Source: source,
    Destination: destination,
    ...wanted,
    Before: present === undefined ? null : actionText(present),
    Written: !isDry,
  };
  if (!isDry) {
    await session.api.ask({ method: 'PUT', path: EXACT, query: pair, body: wanted, shape: anything });
  }
  const did = present === undefined ? (isDry ? 'Would create' : 'Created') : isDry ? 'Would replace' : 'Replaced';
  session.out.show(
    result,
    () =>
      `${did}: ${source} => ${destination} (${actionText({ ...wanted, Permissions: [...(wanted.Permissions ?? [])] })})\n`,
  );
  if (isDry) return;
  await waitEverywhere(session, options, {
    pair,
    isThere: (there) =>
      there !== undefined &&
      there.Action === wanted.Action &&
      (there.Permissions?.length ?? 0) === (wanted.Permissions?.length ?? 0),
  });
};

/** `banyan intention create`. */
export const createCommand = (surroundings: Surroundings): Command =>
  addEverywhereOptions(
    new Command('create')
      .description('let a service call another, or forbid it')
      .argument('<SRC>', 'who calls: a service, or *')
      .argument('<DST>', 'who is called: a service, or *')
      .option('--allow', 'allow it (this is the default)')
      .option('--deny', 'forbid it')
      .option('--permissions <file>', 'decide by request: JSON array of permissions; - for standard input')
      .option('--description <text>', 'what it is for')
      .option('--replace', 'take the place of one that is there')
      .option('--dry-run', 'only show what would be written')
      .addHelpText('after', EXAMPLES),
  ).action(
    inSession<CreateOptions, readonly [string, string]>(surroundings, (session, options, source, destination) =>
      create(session, options, source, destination),
    ),
  );
