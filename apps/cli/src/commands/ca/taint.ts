import { BanyanError } from '@banyan/kernel';
import { Command } from 'commander';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { rootsShape } from '../../wire/federation-shapes.js';
import { readText } from './options-file.js';
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
  banyan ca taint --root-file old.pem --reason "backup stolen"            a root that has left, by its certificate
  banyan ca taint --datacenter-scope dc2 --reason "server stolen"         the signing key of dc2 only
`;

interface TaintOptions extends StepOptions, WaitOptions {
  readonly reason: string;
  readonly deadline?: string;
  readonly datacenterScope?: string;
  readonly rootFile?: string;
}

/** `banyan ca taint`. */
export const taintCommand = (surroundings: Surroundings): Command => {
  const command = new Command('taint')
    .description('drop a root, or the signing key of a datacenter, whose key is in wrong hands')
    .argument('[root]', 'active, or the ID of a root or its beginning')
    .requiredOption('--reason <text>', 'why it is thought to be compromised')
    .option('--deadline <duration>', 'how long those who can be reached have (10m)')
    .option('--root-file <path>', 'the certificate (PEM) of a root that has left, instead of its ID')
    .option('--datacenter-scope <name>', 'the signing key of this datacenter, instead of a root')
    .addHelpText('after', EXAMPLES);
  return addWaitOptions(addStepOptions(command)).action(
    inSession<TaintOptions, readonly [string | undefined]>(surroundings, async (session, options, root) => {
      const { datacenterScope: scope, rootFile } = options;
      const said = [root, scope, rootFile].filter((each) => each !== undefined);
      if (said.length !== 1) {
        throw new BanyanError(
          'CONFIG_INVALID',
          'say what is compromised: a root (active, or its ID), --root-file, or --datacenter-scope',
        );
      }
      const target = await targetOf(session, { root, scope, rootFile });
      const start = {
        path: '/v1/connect/ca/taint',
        body: {
          Reason: options.reason,
          Deadline: options.deadline,
          ...target.body,
        },
        text: `This drops ${target.what} as compromised; there is no way back once the next one is active`,
        word: scope ?? 'taint',
      };
      await startRotation(session, start, options);
    }),
  );
};

/** What is compromised, in words and as the API takes it. */
const targetOf = async (
  session: Session,
  { root = '', scope, rootFile }: Readonly<Record<'root' | 'scope' | 'rootFile', string | undefined>>,
): Promise<{ readonly what: string; readonly body: Readonly<Record<string, string>> }> => {
  if (scope !== undefined) return { what: `the signing key of ${scope}`, body: { Datacenter: scope } };
  if (rootFile !== undefined) {
    return { what: `the root of ${rootFile}`, body: { RootPEM: await readText(rootFile, session.surroundings.input) } };
  }
  const rootId = await rootIdOf(session, root);
  return { what: `root ${rootId}`, body: { RootID: rootId } };
};

/** 20 bytes as colon hex. */
const WHOLE_ID = 59;

const rootIdOf = async (session: Session, root: string): Promise<string> => {
  const { Roots, ActiveRootID } = await session.api.get('/v1/connect/ca/roots', rootsShape);
  const ids = Roots.map(({ ID }) => ID).filter((ID) => ID.startsWith(root === 'active' ? ActiveRootID : root));
  const [rootId] = ids;
  if (rootId !== undefined && ids.length === 1) return rootId;
  // One that has left is in the records of the server only.
  if (ids.length === 0 && root.length === WHOLE_ID) return root;
  const which = ids.length > 1 ? `${ids.length} roots begin with ${root}` : `no root of the bundle is ${root}`;
  throw new BanyanError('CONFIG_INVALID', `${which}: \`banyan ca roots\` lists them`);
};
