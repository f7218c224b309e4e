import { Command } from 'commander';
import { watchView } from '../../output/follow.js';
import { inSession } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { isFinished, rotationShape, rotationsShape } from '../../wire/rotation-shapes.js';
import { findRotation, ROTATIONS, rotationPath } from './find-rotation.js';
import { rotationsView, rotationView } from './rotation-view.js';

const EXAMPLES = `
The token needs operator:read.

Examples:
  banyan ca rotation status                  the one under way, else the last one
  banyan ca rotation status --watch          drawn anew with every change, until it is finished
  banyan ca rotation status 3f2a -o json
`;

/** `banyan ca rotation`. */
export const rotationCommand = (surroundings: Surroundings): Command => {
  const command = new Command('rotation').description('how rotations stand');
  command
    .command('status')
    .description('one rotation: phase, health, who is waited for, what is possible, the journal')
    .argument('[rotation]', 'its ID or the beginning of it; default: the one under way, else the last one')
    .option('-w, --watch', 'go on showing it as it changes')
    .addHelpText('after', EXAMPLES)
    .action(
      inSession<{ readonly watch?: boolean }, readonly [string | undefined]>(
        surroundings,
        async (session, options, given) => {
          const id = await findRotation(session.api, given, { maybeFinished: true });
          const request = { path: rotationPath(id), shape: rotationShape };
          if (options.watch === true) await watchView(session, { request, view: rotationView, isEnd: isFinished });
          else session.out.show(await session.api.get(request.path, request.shape), rotationView);
        },
      ),
    );
  command
    .command('list')
    .description('all rotations, the newest first')
    .addHelpText('after', '\nExample:\n  banyan ca rotation list\n')
    .action(
      inSession(surroundings, async ({ api, out }) => {
        out.show(await api.get(ROTATIONS, rotationsShape), rotationsView);
      }),
    );
  return command;
};
