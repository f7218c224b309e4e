import { BanyanError, messageOf } from '@banyan/kernel';
import { Command } from 'commander';
import { connectionFrom, type ConnectionOptions } from '../connection.js';

const LIMIT_MS = 15_000;

const RESTORED = `
Say this once after the database of the primary was restored from a backup, when its servers run again. Secondaries then
compare everything with what they have: what the primary lost is held there for you to look at (banyan's
GET /v1/replication), and roots that it lost come back into the bundle. A primary notices a restore by itself as soon as a
secondary that knows more is connected; with this command nothing depends on that.
`;

/** `banyan server new-epoch`. */
export const serverCommand = (): Command => {
  const command = new Command('server').description('ask the servers of a datacenter');
  command
    .command('new-epoch')
    .description('begin another history of indexes at the primary, after a restore')
    .option('--http-addr <address>', 'host:port or URL of a server or agent of the primary')
    .option('--token <secret>', 'token with operator:write')
    .option('--token-file <path>', 'file with that token')
    .addHelpText('after', RESTORED)
    .action(async (options: ConnectionOptions) => {
      await renewEpoch(options);
      process.stdout.write('a new epoch was begun; secondaries compare everything now\n');
    });
  return command;
};

const renewEpoch = async (options: ConnectionOptions): Promise<void> => {
  const { address, token } = connectionFrom(options, process.env);
  if (address.startsWith('unix:')) throw new BanyanError('CONFIG_INVALID', 'give host:port or a URL as --http-addr');
  const response = await fetch(`${address}/v1/replication/new-epoch`, {
    method: 'PUT',
    headers: token === undefined ? {} : { 'x-consul-token': token.reveal() },
    signal: AbortSignal.timeout(LIMIT_MS),
  }).catch((cause: unknown) => {
    const reason = cause instanceof Error && cause.cause !== undefined ? messageOf(cause.cause) : messageOf(cause);
    throw new BanyanError('SERVER_UNREACHABLE', `${address} does not answer: ${reason}`, { cause });
  });
  if (response.status === 200) return;
  const text = (await response.text()).trim();
  throw new BanyanError(
    response.status === 403 ? 'PERMISSION_DENIED' : 'REQUEST_INVALID',
    `${address} answered ${response.status}: ${text}`,
  );
};
