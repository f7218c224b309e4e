import { BanyanError } from '@banyan/kernel';
import { Command } from 'commander';
import { z } from 'zod';
import { anything } from '../../api/api-client.js';
import { facts, type Column, table } from '../../output/table.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { readJsonObject } from './options-file.js';

const PATH = '/v1/connect/ca/configuration';
/** The answer comes when the next root is active, or once the wait of 5 s for laggards is over. */
const WRITE_LIMIT_MS = 120_000;

const configurationShape = z.looseObject({
  Provider: z.string(),
  Config: z.record(z.string(), z.unknown()),
  ForceWithoutCrossSigning: z.boolean().optional(),
});
type Configuration = z.infer<typeof configurationShape>;

const SET = `
The file holds {"Provider", "Config", "ForceWithoutCrossSigning"}, as banyan ca config get -o json prints it; a secret that
reads <hidden> stays what it is. Another provider, key type or key size starts a rotation: prefer banyan ca rotate, which
plans it first. Lifetimes and limits alone change no root. The token needs operator:write.

Examples:
  banyan ca config set -config-file ca.json --dry-run    what would change
  banyan ca config set -config-file ca.json
`;

interface Change {
  readonly Option: string;
  readonly Present: string;
  readonly Next: string;
}

const CHANGES: readonly Column<Change>[] = [
  { title: 'OPTION', value: ({ Option }) => Option },
  { title: 'PRESENT', value: ({ Present }) => Present },
  { title: 'NEXT', value: ({ Next }) => Next, tone: () => 'strong' },
];

const textOf = (value: unknown): string => (value === undefined ? '' : JSON.stringify(value));

const changesOf = (present: Configuration, next: Configuration): readonly Change[] => {
  const flat = ({ Config, ...rest }: Configuration): Record<string, unknown> => ({
    Provider: rest.Provider,
    ForceWithoutCrossSigning: rest.ForceWithoutCrossSigning ?? false,
    ...Config,
  });
  const [before, after] = [flat(present), flat(next)];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((Option) => ({ Option, Present: textOf(before[Option]), Next: textOf(after[Option]) }))
    .filter(({ Present, Next }) => Present !== Next);
};

interface SetOptions {
  readonly configFile: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const getCommand = (surroundings: Surroundings): Command =>
  new Command('get')
    .description('show it; secrets read <hidden>')
    .addHelpText('after', '\nThe token needs operator:write.\n\nExample:\n  banyan ca config get -o json > ca.json\n')
    .action(
      inSession(surroundings, async ({ api, out }) => {
        out.show(await api.get(PATH, configurationShape), ({ Provider, Config }, paint) =>
          facts(
            [['Provider', Provider], ...Object.entries(Config).map(([name, value]) => [name, textOf(value)] as const)],
            paint,
          ),
        );
      }),
    );

const setConfiguration = async (session: Session, options: SetOptions): Promise<void> => {
  const { api, out, confirmation, surroundings } = session;
  const given = await readJsonObject(options.configFile, surroundings.input);
  const { CreateIndex: _create, ModifyIndex: _modify, State: _state, ...body } = given;
  const next = configurationShape.safeParse(body);
  if (!next.success) throw new BanyanError('CONFIG_INVALID', `${options.configFile}: ${z.prettifyError(next.error)}`);
  const changes = changesOf(await api.get(PATH, configurationShape), next.data);
  if (options.dryRun === true) {
    out.show(changes, (rows, paint) => (rows.length === 0 ? 'nothing changes\n' : table(CHANGES, rows, paint)));
    return;
  }
  if (options.yes !== true) out.note(table(CHANGES, changes, out.paint));
  const text = 'This writes the configuration of the CA';
  await confirmation.require({ text, word: next.data.Provider, isAnswered: options.yes === true });
  await api.ask({ method: 'PUT', path: PATH, body: next.data, shape: anything, limitMs: WRITE_LIMIT_MS });
  out.note('written');
};

const setCommand = (surroundings: Surroundings): Command =>
  new Command('set')
    .description('write it')
    .requiredOption('--config-file <file>', 'JSON file; - for standard input')
    .option('--dry-run', 'only show what would change')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', SET)
    .action(inSession<SetOptions>(surroundings, setConfiguration));

/** `banyan ca config`. */
export const configCommand = (surroundings: Surroundings): Command =>
  new Command('config')
    .description('the configuration of the CA')
    .addCommand(getCommand(surroundings))
    .addCommand(setCommand(surroundings));
