import { Command } from 'commander';
import type { View } from '../../output/output.js';
import { plainText } from '../../output/plain-text.js';
import { facts } from '../../output/table.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { previewAnswer, type PreviewAnswer, rotationShape } from '../../wire/rotation-shapes.js';
import { findRotation, rotationPath } from './find-rotation.js';
import { addStepOptions, addWaitOptions, type StepOptions } from './rotation-options.js';
import { blockersText } from './rotation-view.js';
import { showRotation, type WaitOptions } from './wait-for-rotation.js';

interface ActOptions extends StepOptions, WaitOptions {
  readonly reason?: string;
}

interface Verb {
  readonly name: string;
  readonly description: string;
  /** Taking it back is one command away, so nothing is asked. */
  readonly isHarmless?: true;
  readonly needsReason?: true;
  readonly example: string;
}

const VERBS: readonly Verb[] = [
  {
    name: 'pause',
    description: 'let nothing of a rotation move on until it is resumed',
    isHarmless: true,
    example: 'banyan ca pause --reason "change freeze"',
  },
  { name: 'resume', description: 'let a paused rotation go on', isHarmless: true, example: 'banyan ca resume --wait' },
  {
    name: 'rollback',
    description: 'return to the previous root',
    example: 'banyan ca rollback --reason "a change of mind" --wait',
  },
  {
    name: 'advance',
    description: 'step over what the present phase waits for; who is left behind stands in the journal',
    example: 'banyan ca advance --dry-run',
  },
  {
    name: 'retire',
    description: 'drop the previous root now',
    needsReason: true,
    example: 'banyan ca retire --reason "all hosts were rebuilt"',
  },
];

/** What a step would do. */
const previewView: View<PreviewAnswer> = ({ Effect, Breaks, BreakCount, PlanHash }, paint) =>
  [
    ...Effect.map((sentence) => `${plainText(sentence)}\n`),
    blockersText('would break', Breaks, BreakCount, paint) || '\nnobody would break\n',
    `\n${facts([['plan hash', PlanHash]], paint)}`,
  ].join('');

interface Step {
  readonly verb: string;
  readonly id: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly isHarmless: boolean;
}

/** Shows what the step does, has it confirmed, and takes it only while that is so. */
const takeStep = async (session: Session, step: Step, options: StepOptions & WaitOptions): Promise<void> => {
  const { api, out, confirmation } = session;
  const at = { method: 'PUT' as const, path: `${rotationPath(step.id)}/${step.verb}` };
  let { planHash } = options;
  if (options.dryRun === true || (planHash === undefined && options.yes !== true && !step.isHarmless)) {
    const { value } = await api.ask({ ...at, body: { ...step.body, DryRun: true }, shape: previewAnswer });
    if (options.dryRun === true) {
      out.show(value, previewView);
      return;
    }
    out.note(previewView(value, out.paint));
    await confirmation.require({
      text: `This is step ${step.verb} of rotation ${step.id}`,
      word: step.verb,
      isAnswered: false,
    });
    planHash = value.PlanHash;
  }
  const { value } = await api.ask({ ...at, body: { ...step.body, PlanHash: planHash }, shape: rotationShape });
  await showRotation(session, value, options);
};

const stepCommand = (surroundings: Surroundings, verb: Verb): Command => {
  const command = new Command(verb.name)
    .description(verb.description)
    .argument('[rotation]', 'its ID or the beginning of it; default: the one under way')
    .addHelpText('after', `\nThe token needs operator:write.\n\nExamples:\n  ${verb.example}\n`);
  if (verb.needsReason) command.requiredOption('--reason <text>', 'why; the journal keeps it');
  else command.option('--reason <text>', 'why; the journal keeps it');
  return addWaitOptions(addStepOptions(command)).action(
    inSession<ActOptions, readonly [string | undefined]>(surroundings, async (session, options, given) => {
      const id = await findRotation(session.api, given, { maybeFinished: false });
      const body = { Reason: options.reason };
      await takeStep(session, { verb: verb.name, id, body, isHarmless: verb.isHarmless === true }, options);
    }),
  );
};

const WAIVE = `
Waits no longer for one agent, for all agents of a datacenter (*), or for the datacenter itself (no agent named). The token's
accessor and the reason stay in the record. The token needs operator:write.

Examples:
  banyan ca waive dc2 old-host --reason "it is scrapped"
  banyan ca waive dc2 '*' --reason "the site is being rebuilt"
  banyan ca waive dc3 --reason "not in use yet" --dry-run
`;

const waiveCommand = (surroundings: Surroundings): Command => {
  const command = new Command('waive')
    .description('no longer wait for an agent or a datacenter')
    .argument('<datacenter>', 'where')
    .argument('[agent]', 'node name of the agent, or *')
    .requiredOption('--reason <text>', 'why; the journal keeps it')
    .option('--rotation <id>', 'ID or its beginning; default: the one under way')
    .addHelpText('after', WAIVE);
  return addWaitOptions(addStepOptions(command)).action(
    inSession<ActOptions & { readonly rotation?: string }, readonly [string, string | undefined]>(
      surroundings,
      async (session, options, datacenter, node) => {
        const id = await findRotation(session.api, options.rotation, { maybeFinished: false });
        const body = { Datacenter: datacenter, Node: node, Reason: options.reason };
        await takeStep(session, { verb: 'waive', id, body, isHarmless: false }, options);
      },
    ),
  );
};

/** `banyan ca pause|resume|rollback|advance|retire|waive`. */
export const stepCommands = (surroundings: Surroundings): readonly Command[] => [
  ...VERBS.map((verb) => stepCommand(surroundings, verb)),
  waiveCommand(surroundings),
];
