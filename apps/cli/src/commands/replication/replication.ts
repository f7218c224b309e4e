import { BanyanError } from '@banyan/kernel';
import { Command } from 'commander';
import { z } from 'zod';
import { watchView } from '../../output/follow.js';
import { EXIT } from '../../session/exit-codes.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { historyShape, replicationShape, type WireHeld, type WireReplication } from '../../wire/replication-shapes.js';
import { historyView } from './lag-view.js';
import { useTokenCommand } from './use-token.js';
import { heldText, quarantineView, replicationView } from './replication-view.js';

const PATH = '/v1/replication';

const STATUS = `
Green means that the decisions of a datacenter follow the primary. Ends with 8 when something is held, set aside or behind,
with 9 when replication does not work. The token needs operator:read.

Examples:
  banyan replication status
  banyan replication status --datacenter dc2 --watch
  banyan replication status -o json
`;

const CONFIRM = `
A round that would delete much is held until somebody has looked. This confirms exactly what is held now; anything else is
refused. At the primary the stream returned-roots takes back a root that nothing vouches for. The token needs operator:write.

Examples:
  banyan replication confirm intentions --datacenter dc2 --dry-run    what would be deleted
  banyan replication confirm intentions --datacenter dc2
  banyan replication confirm intentions --datacenter dc2 --hash 91a6f7c2… --yes
`;

const FINE = ['READY', 'STANDBY', 'STARTING'];

/** 0 when all is well, 8 when somebody should look, 9 when a datacenter does not follow. */
const gradeOf = (value: WireReplication): 0 | 8 | 9 => {
  const all = [value, ...(value.Secondaries ?? []).flatMap(({ Replication }) => Replication ?? [])];
  const canaries = (value.Secondaries ?? []).map(({ Canary }) => Canary.State);
  if (all.some(({ State }) => !FINE.includes(State) && State !== 'DEGRADED')) return EXIT.failures;
  if (canaries.includes('LATE') || value.Canary.State === 'LATE') return EXIT.failures;
  const isDegraded = all.some(
    ({ State, Held, Quarantine }) => State === 'DEGRADED' || Held.length + Quarantine.length > 0,
  );
  return isDegraded || value.Alarms.length > 0 ? EXIT.warnings : EXIT.ok;
};

const statusCommand = (surroundings: Surroundings): Command =>
  new Command('status')
    .description('every stream: state, lag, what is held and set aside')
    .option('-w, --watch', 'go on showing it as it changes')
    .addHelpText('after', STATUS)
    .action(
      inSession<{ readonly watch?: boolean }>(surroundings, async (session, options) => {
        const view = replicationView(surroundings.clock.now());
        const request = { path: PATH, shape: replicationShape };
        if (options.watch === true) {
          await watchView(session, {
            request,
            view: (value, paint) => replicationView(surroundings.clock.now())(value, paint),
          });
          return;
        }
        const value = await session.api.get(PATH, replicationShape);
        session.out.show(value, view);
        surroundings.exitCode = gradeOf(value);
      }),
    );

interface ConfirmOptions {
  readonly hash?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const heldOf = async ({ api }: Session, stream: string): Promise<WireHeld> => {
  const { Held, Datacenter } = await api.get(PATH, replicationShape);
  const held = Held.find(({ Stream }) => Stream === stream);
  if (held !== undefined) return held;
  const others = Held.map(({ Stream }) => Stream).join(', ');
  const text = others === '' ? `nothing is held in ${Datacenter}` : `only ${others} is held in ${Datacenter}`;
  throw new BanyanError('REPLICATION_STREAM_UNKNOWN', text, {
    fields: { status: 404, next: '`banyan replication status --datacenter <name>` shows what is held elsewhere' },
  });
};

const confirmHeld = async (session: Session, stream: string, options: ConfirmOptions): Promise<void> => {
  const { api, out, confirmation } = session;
  let { hash } = options;
  if (hash === undefined || options.dryRun === true) {
    const held = await heldOf(session, stream);
    if (options.dryRun === true) {
      out.show(held, (value, paint) => heldText([value], paint).trimStart());
      return;
    }
    if (options.yes !== true) out.note(heldText([held], out.paint));
    hash = held.Hash;
  }
  const text = `This applies what is held of ${stream}: its deletions cannot be taken back`;
  await confirmation.require({ text, word: stream, isAnswered: options.yes === true });
  const { value } = await api.ask({
    method: 'PUT',
    path: `${PATH}/${encodeURIComponent(stream)}/confirm`,
    body: { Hash: hash },
    shape: z.looseObject({ Stream: z.string(), Deleted: z.number() }),
  });
  out.show(value, ({ Stream, Deleted }) => `${Stream}: ${Deleted} records were deleted\n`);
};

const confirmCommand = (surroundings: Surroundings): Command =>
  new Command('confirm')
    .description('apply deletions that are held')
    .argument('<stream>', 'as banyan replication status names it')
    .option('--hash <hash>', 'what was looked at; refused when something else is held now')
    .option('--dry-run', 'only show what would be deleted')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', CONFIRM)
    .action(
      inSession<ConfirmOptions, readonly [string]>(surroundings, (session, options, stream) =>
        confirmHeld(session, stream, options),
      ),
    );

const QUARANTINE = `
The token needs operator:read.

Example:
  banyan replication quarantine --datacenter dc2
`;

const quarantineCommand = (surroundings: Surroundings): Command =>
  new Command('quarantine')
    .description('records that were refused and set aside, each with its reason')
    .addHelpText('after', QUARANTINE)
    .action(
      inSession(surroundings, async ({ api, out }) => {
        const { Quarantine } = await api.get(PATH, replicationShape);
        out.show(Quarantine, quarantineView(surroundings.clock.now()));
      }),
    );

const HISTORY = `
The token needs operator:read.

Example:
  banyan replication history --since 3h --stream canary
`;

const historyCommand = (surroundings: Surroundings): Command =>
  new Command('history')
    .description('how far behind every stream was over the last hours')
    .option('--since <when>', 'a span as 3h, or a time as 2026-01-31T12:00:00Z', '1h')
    .option('--stream <name>', 'only this stream')
    .option('--for <datacenter>', 'only this secondary')
    .addHelpText('after', HISTORY)
    .action(
      inSession<{ readonly since: string; readonly stream?: string; readonly for?: string }>(
        surroundings,
        async ({ api, out }, { since, stream, for: datacenter }) => {
          out.show(await api.get(`${PATH}/history`, historyShape, { since, stream, for: datacenter }), historyView);
        },
      ),
    );

/** `banyan replication`. */
export const replicationCommand = (surroundings: Surroundings): Command =>
  new Command('replication')
    .description('how datacenters follow their primary')
    .addCommand(statusCommand(surroundings))
    .addCommand(confirmCommand(surroundings))
    .addCommand(quarantineCommand(surroundings))
    .addCommand(historyCommand(surroundings))
    .addCommand(useTokenCommand(surroundings));
