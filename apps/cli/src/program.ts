import { Command } from 'commander';
import { connectCommand } from './commands/connect-proxy.js';
import { devCommand } from './commands/dev.js';
import { caCommand } from './commands/provider-check.js';
import { serverCommand } from './commands/server.js';

const AFTER_HELP = `
Settings from the environment (each also read with CONSUL_ instead of BANYAN_):
  BANYAN_HTTP_ADDR         address of the agent, default 127.0.0.1:8500
  BANYAN_HTTP_TOKEN        token to show it
  BANYAN_HTTP_TOKEN_FILE   file with that token

Exit codes: 0 ok, 1 the command failed, 2 wrong usage.
Long options may be written with one dash: -sidecar-for web.
`;

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)];

/** The whole command line; every parse error is thrown as a CommanderError after its text was printed. */
export const createProgram = (): Command => {
  const program = new Command('banyan')
    .description('command line of banyan, a control plane for a service mesh across datacenters')
    .version('0.1.0')
    .addHelpText('after', AFTER_HELP);
  program.addCommand(caCommand());
  program.addCommand(connectCommand());
  program.addCommand(devCommand());
  program.addCommand(serverCommand());
  for (const command of everyCommand(program)) {
    command.exitOverride().showHelpAfterError('Add --help to see what the command takes.');
  }
  return program;
};
