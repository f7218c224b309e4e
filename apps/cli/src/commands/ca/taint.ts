import { BanyanError } from '@banyan/kernel';
import { Command } from 'commander';
import { inSession } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { rootsShape } from '../../wire/federation-shapes.js';
import { addStepOptions, addWaitOptions, type StepOptions } from './rotation-options.js';
import { startRotation } from './start-rotation.js';
import type { WaitOptions } from './wait-for-rotation.js';

const EXAMPLES = `
For a key in wrong hands: the next root is not cross-signed, open connections under the compromised one are cut, and it goes
at the deadline, whoever still needs it. For everything else use banyan ca rotate. The token needs operator:write.

Examples:
  banyan ca taint active --reason "key found on a laptop" --dry-run       who will break, by name
  banyan ca taint active --reason "key found on a laptop" --deadline 2m
  banyan ca taint f3:c3:70 --reason "backup stolen"                       the beginning of a root's ID is enough
  banyan ca taint --datacenter-scope dc2 --reason "server stolen"         the signing key of dc2 only
`;

interface TaintOptions extends StepOptions, WaitOptions {
  readonly reason: string;
  readonly deadline?: string;
  readonly datacenterScope?: string;
}

/** `banyan ca taint`. */
export const taintCommand = (surroundings: Surroundings): Command => {
  const command = new Command('taint')
    .description('drop a root, or the signing key of a datacenter, whose key is in wrong hands')
    .argument('[root]', 'active, or the ID of a root or its beginning')
    .requiredOption('--reason <text>', 'why it is thought to be compromised')
    .option('--deadline <duration>', 'how long those who can be reached have (10m)')
    .option('--datacenter-scope <name>', 'the signing key of this datacenter, instead of a root')
    .addHelpText('after', EXAMPLES);
  return addWaitOptions(addStepOptions(command)).action(
    inSession<TaintOptions, readonly [string | undefined]>(surroundings, async (session, options, root) => {
      const scope = options.datacenterScope;
      if ((root === undefined) === (scope === undefined)) {
        throw new BanyanError(
          'CONFIG_INVALID',
          'say what is compromised: a root (active, or its ID), or --datacenter-scope',
        );
      }
      const { Roots, ActiveRootID } = await session.api.get('/v1/connect/ca/roots', rootsShape);
      const ids = Roots.map(({ ID }) => ID).filter((ID) =>
        ID.startsWith(root === 'active' ? ActiveRootID : (root ?? '')),
      );
      const [rootId] = ids;
      if (scope === undefined && (rootId === undefined || ids.length > 1)) {
        const which = ids.length > 1 ? `${ids.length} roots begin with ${root}` : `no root of the bundle is ${root}`;
        throw new BanyanError('CONFIG_INVALID', `${which}: \`banyan ca roots\` lists them`);
      }
      const what = scope === undefined ? `root ${rootId}` : `the signing key of ${scope}`;
      const start = {
        path: '/v1/connect/ca/taint',
        body: {
          Reason: options.reason,
          Deadline: options.deadline,
          ...(scope === undefined ? { RootID: rootId } : { Datacenter: scope }),
        },
        text: `This drops ${what} as compromised; there is no way back once the next one is active`,
        word: scope ?? 'taint',
      };
      await startRotation(session, start, options);
    }),
  );
};
