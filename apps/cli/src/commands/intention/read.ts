import { BanyanError } from '@banyan/kernel';
import { Command } from 'commander';
import { watchView } from '../../output/follow.js';
import { inSession } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { EXACT, INTENTIONS, intentionShape, intentionsShape, matchShape } from '../../wire/intention-shapes.js';
import { intentionsView, intentionView } from './intention-view.js';

const LIST = `
In the order in which they are looked at: the first that matches a pair decides. Those are shown which the token may read
(intention:read).

Examples:
  banyan intention list
  banyan intention list --watch
  banyan intention list -o json --datacenter dc2
`;

const MATCH = `
The intentions that are looked at for a name, in their order: its own, and those of *.

Examples:
  banyan intention match api               who may call api
  banyan intention match -source web       whom web may call
`;

/** `banyan intention list`. */
export const listCommand = (surroundings: Surroundings): Command =>
  new Command('list')
    .description('every intention')
    .option('-w, --watch', 'go on showing them as they change')
    .addHelpText('after', LIST)
    .action(
      inSession<{ readonly watch?: boolean }>(surroundings, async (session, { watch }) => {
        if (watch === true) {
          await watchView(session, { request: { path: INTENTIONS, shape: intentionsShape }, view: intentionsView });
          return;
        }
        session.out.show(await session.api.get(INTENTIONS, intentionsShape), intentionsView);
      }),
    );

/** `banyan intention get`. */
export const getCommand = (surroundings: Surroundings): Command =>
  new Command('get')
    .description('the intention of exactly this pair')
    .argument('<SRC>', 'who calls, or *')
    .argument('<DST>', 'who is called, or *')
    .addHelpText(
      'after',
      '\nThe token needs intention:read on one of the two.\n\nExample:\n  banyan intention get web api\n',
    )
    .action(
      inSession<object, readonly [string, string]>(
        surroundings,
        async ({ api, out }, _options, source, destination) => {
          out.show(await api.get(EXACT, intentionShape, { source, destination }), intentionView);
        },
      ),
    );

/** `banyan intention match`. */
export const matchCommand = (surroundings: Surroundings): Command =>
  new Command('match')
    .description('the intentions that concern a service')
    .argument('<NAME>', 'a service, or *')
    .option('--source', 'as the caller')
    .option('--destination', 'as the one that is called (this is the default)')
    .addHelpText('after', MATCH)
    .action(
      inSession<{ readonly source?: boolean; readonly destination?: boolean }, readonly [string]>(
        surroundings,
        async ({ api, out }, options, name) => {
          if (options.source === true && options.destination === true) {
            throw new BanyanError('CONFIG_INVALID', 'give one of --source and --destination');
          }
          const by = options.source === true ? 'source' : 'destination';
          const found = await api.get(`${INTENTIONS}/match`, matchShape, { by, name });
          out.show(found[name] ?? [], intentionsView);
        },
      ),
    );
