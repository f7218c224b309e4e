import type { Argument, Command, Option } from 'commander';

/** What may follow an option or stand as an argument. */
export type ValueKind =
  | { readonly kind: 'none' }
  | { readonly kind: 'text' }
  | { readonly kind: 'file' }
  | { readonly kind: 'words'; readonly words: readonly string[] };

/** An option as it is completed. */
export interface OptionWord {
  /** `--output`, `-o`. */
  readonly names: readonly string[];
  readonly description: string;
  readonly value: ValueKind;
}

/** A place in the tree of commands, and what can be typed there. */
export interface Level {
  /** The commands that lead here, `` for the program itself, `ca rotation` for that. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionWord[];
  /** The first argument that can be completed. */
  readonly argument: ValueKind;
}

const FILES = /^(?:.*-)?(?:file|path|folder)s?$/;

const valueOf = (name: string, choices: readonly string[] | undefined): ValueKind => {
  if (choices !== undefined) return { kind: 'words', words: choices };
  return FILES.test(name) ? { kind: 'file' } : { kind: 'text' };
};

const optionWord = (option: Option): OptionWord => {
  const placeholder = /[<[]([^>\].]+)/.exec(option.flags)?.[1] ?? '';
  return {
    names: [option.long, option.short].filter((name) => name !== undefined),
    description: option.description,
    value: option.required || option.optional ? valueOf(placeholder, option.argChoices) : { kind: 'none' },
  };
};

const argumentOf = (known: readonly Argument[]): ValueKind => {
  const kinds = known.map((argument) => valueOf(argument.name(), argument.argChoices));
  return kinds.find(({ kind }) => kind !== 'text') ?? { kind: 'text' };
};

/** Every place in the tree below `command`, the outermost first; options of the program can be typed anywhere. */
export const levelsOf = (program: Command): readonly Level[] => {
  const everywhere: readonly OptionWord[] = [
    ...program.options.filter(({ long }) => long !== '--version').map(optionWord),
    { names: ['--help', '-h'], description: 'what it does and takes', value: { kind: 'none' } },
  ];
  const below = (command: Command, path: string): readonly Level[] => [
    {
      path,
      commands: command.commands.map((each) => ({ name: each.name(), description: each.description() })),
      options: [...(command === program ? [] : command.options.map(optionWord)), ...everywhere],
      argument: argumentOf(command.registeredArguments),
    },
    ...command.commands.flatMap((each) => below(each, path === '' ? each.name() : `${path} ${each.name()}`)),
  ];
  return below(program, '');
};

/** Names of the options of a level that take a value. */
export const valuedNames = ({ options }: Level): readonly string[] =>
  options.filter(({ value }) => value.kind !== 'none').flatMap(({ names }) => names);
