import { Argument, Command } from 'commander';
import { bashCompletion } from '../completion/bash.js';
import { fishCompletion } from '../completion/fish.js';
import { type Level, levelsOf } from '../completion/levels.js';
import { zshCompletion } from '../completion/zsh.js';
import type { Surroundings } from '../session/surroundings.js';

const EXAMPLES = `
The script knows every command and option of this version; make it again after an upgrade.

Examples:
  source <(banyan completion bash)                                            this shell only
  banyan completion bash > /etc/bash_completion.d/banyan
  banyan completion zsh > "\${fpath[1]}/_banyan"
  banyan completion fish > ~/.config/fish/completions/banyan.fish
`;

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const satisfies Readonly<
  Record<string, (levels: readonly Level[]) => string>
>;

/** `banyan completion`, for the commands of `program`. */
export const completionCommand = ({ output }: Surroundings, program: Command): Command =>
  new Command('completion')
    .description('write the completion script of a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(Object.keys(SHELLS)))
    .addHelpText('after', EXAMPLES)
    .action((shell: keyof typeof SHELLS) => void output.write(SHELLS[shell](levelsOf(program))));
