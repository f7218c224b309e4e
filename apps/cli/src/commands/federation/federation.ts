import { Command } from 'commander';
import { watchView } from '../../output/follow.js';
import { inSession } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { federationShape } from '../../wire/federation-shapes.js';
import { adoptCommand } from './adopt.js';
import { federationView } from './federation-view.js';
import { inviteCommand } from './invite.js';

const EXAMPLES = `
The primary knows all of them; a secondary knows itself and its link to the primary. The token needs operator:read.

Examples:
  banyan federation list
  banyan federation list --watch
  banyan federation list -o yaml
`;

const PATH = '/v1/operator/federation';

/** `banyan federation`. */
export const federationCommand = (surroundings: Surroundings): Command => {
  const command = new Command('federation').description('the datacenters of the mesh');
  command
    .command('list')
    .description('which there are, and how each is')
    .option('-w, --watch', 'go on showing it as it changes')
    .addHelpText('after', EXAMPLES)
    .action(
      inSession<{ readonly watch?: boolean }>(surroundings, async (session, options) => {
        const { clock } = surroundings;
        if (options.watch !== true) {
          session.out.show(await session.api.get(PATH, federationShape), federationView(clock.now()));
          return;
        }
        await watchView(session, {
          request: { path: PATH, shape: federationShape },
          view: (value, paint) => federationView(clock.now())(value, paint),
        });
      }),
    );
  command.addCommand(inviteCommand(surroundings));
  command.addCommand(adoptCommand(surroundings));
  return command;
};
