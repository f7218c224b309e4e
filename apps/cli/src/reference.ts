import type { Command } from 'commander';

const COLUMNS = 118;

/** What --help of a command says, without the options that all commands have. */
const helpOf = (command: Command): string => {
  let text = '';
  command
    .configureHelp({ showGlobalOptions: false, helpWidth: COLUMNS })
    .configureOutput({ writeOut: (part) => void (text += part), getOutHasColors: () => false });
  command.outputHelp();
  return text.trim();
};

const block = (text: string): readonly string[] => [
  '```text',
  ...text.split('\n').map((line) => line.trimEnd()),
  '```',
  '',
];

/** Every command that does something, with the words that lead to it. */
const leaves = (command: Command, path: readonly string[]): readonly (readonly [name: string, command: Command])[] =>
  command.commands.length === 0
    ? [[path.join(' '), command]]
    : command.commands.flatMap((each) => leaves(each, [...path, each.name()]));

/** The reference page of the command line, in Markdown, from the commands themselves. */
export const commandReference = (program: Command): string =>
  [
    '# Command line',
    '',
    '`banyan` is `node bin/banyan.mjs` in a source checkout. Options of all commands may stand before or after a command’s name.',
    '',
    ...block(helpOf(program)),
    ...leaves(program, ['banyan']).flatMap(([name, command]) => [`## ${name}`, '', ...block(helpOf(command))]),
  ].join('\n');
