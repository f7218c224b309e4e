import { Command } from 'commander';
import { anything } from '../api/api-client.js';
import { inSession } from '../session/session.js';
import type { Surroundings } from '../session/surroundings.js';

const RESTORED = `
Say this once after the database of the primary was restored from a backup, when its servers run again. Secondaries then
compare everything with what they have: what the primary lost is held there for you to look at (banyan replication
status), and roots that it lost come back into the bundle. A primary notices a restore by itself as soon as a secondary
that knows more is connected; with this command nothing depends on that. The token needs operator:write.

Example:
  banyan server new-epoch -http-addr 127.0.0.1:8510 -token-file management.token
`;

/** `banyan server new-epoch`. */
export const serverCommand = (surroundings: Surroundings): Command => {
  const command = new Command('server').description('ask the servers of a datacenter');
  command
    .command('new-epoch')
    .description('begin another history of indexes at the primary, after a restore')
    .addHelpText('after', RESTORED)
    .action(
      inSession(surroundings, async ({ api, out }) => {
        await api.ask({ method: 'PUT', path: '/v1/replication/new-epoch', shape: anything });
        out.write('a new epoch was begun; secondaries compare everything now\n');
      }),
    );
  return command;
};
