import type { Command } from 'commander';

const longOptions = (command: Command): string[] => [
  ...command.options.flatMap((option) => (option.long === undefined ? [] : [option.long])),
  ...command.commands.flatMap(longOptions),
];

/**
 * Lets long options be written with one dash, as users of Go programs do (`-sidecar-for web`, `-token=x`). Only names
 * that some command declares are rewritten, and nothing after `--`.
 */
export const acceptSingleDash = (argv: readonly string[], program: Command): string[] => {
  const known = new Set([...longOptions(program), '--help', '--version']);
  const end = argv.indexOf('--');
  return argv.map((word, position) => {
    if (!/^-[a-z][a-z-]/.test(word) || (end !== -1 && position > end)) return word;
    const doubled = `-${word}`;
    return known.has(doubled.split('=', 1)[0] ?? '') ? doubled : word;
  });
};
