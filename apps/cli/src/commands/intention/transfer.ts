import { BanyanError, messageOf } from '@banyan/kernel';
import { Command } from 'commander';
import { stringify } from 'yaml';
import { anything } from '../../api/api-client.js';
import { Progress } from '../../output/progress.js';
import type { View } from '../../output/output.js';
import { type Column, table } from '../../output/table.js';
import { counted } from '../../output/words.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { EXACT, INTENTIONS, intentionsShape } from '../../wire/intention-shapes.js';
import { readJsonOrYaml } from '../read-json.js';
import { entriesOf, readDrafts } from './entries.js';
import { planImport, type Step } from './import-plan.js';
import { actionText } from './intention-view.js';

const EXPORT = `
Writes all intentions that the token may read, by destination and source, so that the file can be kept under version control.
Its form is that of Consul's service-intentions entries; \`banyan intention import\` reads it. JSON, or YAML with -o yaml.

Examples:
  banyan intention export > intentions.json
  banyan intention export -o yaml > intentions.yaml
`;

const IMPORT = `
Reads what banyan intention export wrote, service-intentions entries of Consul, or a list of intentions, as JSON or YAML. What is
equal is not written; what the file does not name stays, unless --prune is given. What denies is written first. After a
failure the same command goes on where it ended. The token needs intention:write.

Examples:
  banyan intention import intentions.json --dry-run     what would change
  banyan intention import intentions.json
  banyan intention import --prune --yes intentions.yaml
  consul config read -kind service-intentions -name api | banyan intention import --yes -
`;

interface ImportOptions {
  readonly prune?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const COLUMNS: readonly Column<Step>[] = [
  { title: 'DO', value: ({ Do }) => Do, tone: ({ Do }) => (Do === 'delete' ? 'bad' : 'strong') },
  { title: 'SOURCE', value: ({ Source }) => Source },
  { title: 'DESTINATION', value: ({ Destination }) => Destination },
  { title: 'PRESENT', value: ({ Present }) => Present && actionText(Present) },
  { title: 'NEXT', value: ({ Next }) => Next && actionText({ ...Next, Permissions: [...(Next.Permissions ?? [])] }) },
];

const stepsView: View<readonly Step[]> = (steps, paint) =>
  steps.length === 0 ? 'nothing changes\n' : table(COLUMNS, steps, paint);

const summaryView: View<readonly Step[]> = (steps) => {
  const count = (what: Step['Do']): number => steps.filter(({ Do }) => Do === what).length;
  return `${count('create')} created, ${count('change')} changed, ${count('delete')} deleted\n`;
};

const take = async ({ api }: Session, { Source, Destination, Next }: Step): Promise<void> => {
  const query = { source: Source, destination: Destination };
  if (Next === undefined) {
    await api.ask({ method: 'DELETE', path: EXACT, query, shape: anything });
    return;
  }
  const { Action, Permissions, Description } = Next;
  await api.ask({ method: 'PUT', path: EXACT, query, body: { Action, Permissions, Description }, shape: anything });
};

const takeAll = async (session: Session, steps: readonly Step[]): Promise<void> => {
  const progress = new Progress(session.out.errors, 'intentions');
  const tell = (done: number): void =>
    progress.update({ share: steps.length === 0 ? 1 : done / steps.length, text: `${done} of ${steps.length}` });
  try {
    for (const [done, step] of steps.entries()) {
      if (session.out.errors.isTTY === true) tell(done);
      await take(session, step).catch((cause: unknown) => {
        const code = cause instanceof BanyanError ? cause.code : 'INTERNAL';
        const fields = {
          ...(cause instanceof BanyanError && cause.fields),
          next: 'the same command goes on from there',
        };
        const where = `${done} of ${steps.length} are written; ${step.Source} => ${step.Destination}`;
        throw new BanyanError(code, `${where}: ${messageOf(cause)}`, { cause, fields });
      });
    }
    tell(steps.length);
  } finally {
    progress.stop();
  }
};

const importFile = async (session: Session, file: string, options: ImportOptions): Promise<void> => {
  const { api, out, confirmation, surroundings } = session;
  const wanted = readDrafts(await readJsonOrYaml(file, surroundings.input));
  const steps = planImport(wanted, await api.get(INTENTIONS, intentionsShape), options.prune === true);
  if (options.dryRun === true || steps.length === 0) {
    out.show(steps, stepsView);
    return;
  }
  if (options.yes !== true) out.note(stepsView(steps, out.paint));
  const text = `This writes ${counted(steps.length, 'intention')}, in every datacenter`;
  await confirmation.require({ text, word: 'import', isAnswered: options.yes === true });
  await takeAll(session, steps);
  // Whoever confirmed them has just seen them.
  out.show(steps, options.yes === true ? stepsView : summaryView);
};

/** `banyan intention import`. */
export const importCommand = (surroundings: Surroundings): Command =>
  new Command('import')
    .description('write the intentions of a file')
    .argument('<file>', 'JSON or YAML; - for standard input')
    .option('--prune', 'delete what the file does not name')
    .option('--dry-run', 'only show what would change')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', IMPORT)
    .action(
      inSession<ImportOptions, readonly [string]>(surroundings, (session, options, file) =>
        importFile(session, file, options),
      ),
    );

/** `banyan intention export`. */
export const exportCommand = (surroundings: Surroundings): Command =>
  new Command('export')
    .description('write every intention to a file that import reads')
    .addHelpText('after', EXPORT)
    .action(
      inSession(surroundings, async ({ api, out }, { output }) => {
        const entries = entriesOf(await api.get(INTENTIONS, intentionsShape));
        out.write(output === 'yaml' ? stringify(entries) : `${JSON.stringify(entries, null, 2)}\n`);
      }),
    );
