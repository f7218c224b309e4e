import { type Command, Option } from 'commander';
import type { ConnectionOptions } from '../connection.js';

/** How a result is written. */
export type OutputFormat = 'table' | 'json' | 'yaml';

/** What every command understands, before or after its name. */
export interface GlobalOptions extends ConnectionOptions {
  readonly datacenter?: string;
  readonly output: OutputFormat;
  readonly color: boolean;
}

/** Declares them on the program itself: commander then takes them anywhere, and every --help lists them. */
export const addGlobalOptions = (program: Command): Command =>
  program
    .option('--http-addr <address>', 'agent or server to ask: host:port, URL or unix:///path (BANYAN_HTTP_ADDR)')
    .option('--token <secret>', 'token to show it (BANYAN_HTTP_TOKEN); better in a file')
    .option('--token-file <path>', 'file that holds the token (BANYAN_HTTP_TOKEN_FILE)')
    .option('--ca-file <path>', 'PEM that its https certificate is verified with (BANYAN_CACERT)')
    .option('--client-cert <path>', 'PEM to present to it (BANYAN_CLIENT_CERT)')
    .option('--client-key <path>', 'key of that certificate (BANYAN_CLIENT_KEY)')
    .option('--tls-server-name <name>', 'name that its certificate must be for (BANYAN_TLS_SERVER_NAME)')
    .option('--datacenter <name>', 'have the question answered by this datacenter')
    .addOption(
      new Option('-o, --output <format>', 'how results are written')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .option('--no-color', 'no colours (also NO_COLOR)');
