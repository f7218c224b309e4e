import { Command } from 'commander';
import { z } from 'zod';
import { anything } from '../../api/api-client.js';
import { facts, type Column, table } from '../../output/table.js';
import { inSession } from '../../session/session.js';
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

/** `banyan ca config`. */
export const configCommand = (surroundings: Surroundings): Command => {
  const command = new Command('config').description('the configuration of the CA');
  command
    .command('get')
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
  command
    .command('set')
    .description('write it')
    .requiredOption('--config-file <file>', 'JSON file; - for standard input')
    .option('--dry-run', 'only show what would change')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', SET)
    .action(
      inSession<{ readonly configFile: string; readonly dryRun?: boolean; readonly yes?: boolean }>(
        surroundings,
        async ({ api, out, confirmation }, options) => {
          const given = await readJsonObject(options.configFile, surroundings.input);
          const { CreateIndex: _create, ModifyIndex: _modify, State: _state, ...body } = given;
          const next = configurationShape.parse(body);
          const changes = changesOf(await api.get(PATH, configurationShape), next);
          if (options.dryRun === true) {
            out.show(changes, (rows, paint) => (rows.length === 0 ? 'nothing changes\n' : table(CHANGES, rows, paint)));
            return;
          }
          if (options.yes !== true) out.note(table(CHANGES, changes, out.paint));
          const text = 'This writes the configuration of the CA';
          await confirmation.require({ text, word: next.Provider, isAnswered: options.yes === true });
          await api.ask({ method: 'PUT', path: PATH, body: next, shape: anything, limitMs: WRITE_LIMIT_MS });
          out.note('written');
        },
      ),
    );
  return command;
};
