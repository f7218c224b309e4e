import { Command } from 'commander';
import { auditCommand } from './commands/audit/audit.js';
import { completionCommand } from './commands/completion.js';
import { connectCommand } from './commands/connect-proxy.js';
import { debugCommand } from './commands/debug/debug.js';
import { devCommand } from './commands/dev.js';
import { caCommand } from './commands/ca/ca.js';
import { doctorCommand } from './commands/doctor/doctor.js';
import { federationCommand } from './commands/federation/federation.js';
import { intentionCommand } from './commands/intention/intention.js';
import { ledgerCommand } from './commands/ledger/ledger.js';
import { replicationCommand } from './commands/replication/replication.js';
import { serverCommand } from './commands/server.js';
import { servicesCommand } from './commands/services/services.js';
import { statusCommand } from './commands/status/status.js';
import { tokenCommand } from './commands/token/token.js';
import { EXIT_MEANING } from './session/exit-codes.js';
import { addGlobalOptions } from './session/global-options.js';
import { VERSION } from './version.js';
import { processSurroundings, type Surroundings } from './session/surroundings.js';

const AFTER_HELP = `
Settings from the environment, each also read with CONSUL_ instead of BANYAN_; options win:
  BANYAN_HTTP_ADDR         address of an agent or server, default 127.0.0.1:8500
  BANYAN_HTTP_TOKEN        token to show it
  BANYAN_HTTP_TOKEN_FILE   file with that token
  BANYAN_CACERT            PEM file that its https certificate is verified with
  BANYAN_CLIENT_CERT, BANYAN_CLIENT_KEY, BANYAN_TLS_SERVER_NAME, BANYAN_HTTP_SSL, BANYAN_HTTP_SSL_VERIFY

Exit codes:
${Object.entries(EXIT_MEANING)
  .map(([code, meaning]) => `  ${code}  ${meaning}`)
  .join('\n')}

Long options may be written with one dash: -sidecar-for web.
`;

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)];

/** The whole command line; every parse error is thrown as a CommanderError after its text was printed. */
export const createProgram = (surroundings: Surroundings = processSurroundings()): Command => {
  const program = addGlobalOptions(new Command('banyan'))
    .description('command line of banyan, a control plane for a service mesh across datacenters')
    .version(VERSION)
    .addHelpText('after', AFTER_HELP);
  program.addCommand(statusCommand(surroundings));
  program.addCommand(doctorCommand(surroundings));
  program.addCommand(auditCommand(surroundings));
  program.addCommand(caCommand(surroundings));
  program.addCommand(completionCommand(surroundings, program));
  program.addCommand(connectCommand());
  program.addCommand(debugCommand(surroundings));
  program.addCommand(devCommand(surroundings));
  program.addCommand(federationCommand(surroundings));
  program.addCommand(intentionCommand(surroundings));
  program.addCommand(ledgerCommand(surroundings));
  program.addCommand(replicationCommand(surroundings));
  program.addCommand(serverCommand(surroundings));
  program.addCommand(servicesCommand(surroundings));
  program.addCommand(tokenCommand(surroundings));
  for (const command of everyCommand(program)) {
    command
      .exitOverride()
      .configureHelp({ showGlobalOptions: true })
      .configureOutput({
        writeOut: (text) => void surroundings.output.write(text),
        writeErr: (text) => void surroundings.errors.write(text),
      })
      .showHelpAfterError('Add --help to see what the command takes.');
  }
  return program;
};
