import { BanyanError } from '@banyan/kernel';
import { Command } from 'commander';
import { openSecretFile } from '../../output/secret-file.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { tokenShape } from '../../wire/token-shapes.js';
import { readText } from '../ca/options-file.js';
import { addRightsOptions, type RightsOptions, roleOf } from './rights.js';
import { madeTokenView, roleText, withoutSecret } from './token-view.js';

const CREATE = `
The secret is shown once, or written to a file that only you may read; banyan stores a hash of it. Tokens hold in every
datacenter. Say what it may do with exactly one of --role, --service-identity, --node-identity and --replication. The token
you show needs acl:write.

Examples:
  banyan token create --service-identity web --token-out web.token
  banyan token create --node-identity host-7 -description 'agent of host-7'
  banyan token create --role operator-read
  banyan federation invite dc3                          for a datacenter: with all that it needs to know
`;

const BOOTSTRAP = `
Makes the first management token; it is refused as soon as there is one. The file, if given, holds the secret that it shall have
(16 to 256 characters). Needs no token.

Examples:
  banyan token bootstrap --token-out management.token
  banyan token bootstrap secret.txt
`;

interface MadeOptions {
  readonly tokenOut?: string;
}

interface CreateOptions extends RightsOptions, MadeOptions {
  readonly description?: string;
  readonly accessor?: string;
  readonly secretFile?: string;
  readonly dryRun?: boolean;
}

const readSecret = async ({ surroundings }: Session, path: string): Promise<string> =>
  (await readText(path, surroundings.input)).trim();

/** Makes a token and shows it; with --token-out its secret goes to the file and nowhere else. */
const make = async (
  session: Session,
  { tokenOut }: MadeOptions,
  request: { readonly path: string; readonly body: unknown },
): Promise<void> => {
  const file = tokenOut === undefined ? undefined : await openSecretFile(tokenOut);
  try {
    const { value: made } = await session.api.ask({ method: 'PUT', ...request, shape: tokenShape });
    if (file === undefined) {
      session.out.show(made, madeTokenView);
      session.out.note('The secret is shown this once.');
      return;
    }
    await file.writeFile(`${made.SecretID}\n`);
    session.out.show(withoutSecret(made), madeTokenView);
    session.out.note(`The secret is in ${tokenOut}.`);
  } finally {
    await file?.close();
  }
};

const create = async (session: Session, options: CreateOptions): Promise<void> => {
  const role = roleOf(options);
  if (role === undefined) {
    throw new BanyanError(
      'CONFIG_INVALID',
      'say what it may do: --role, --service-identity, --node-identity or --replication',
    );
  }
  const { description, accessor, secretFile } = options;
  const body = {
    Role: role,
    ...(description !== undefined && { Description: description }),
    ...(accessor !== undefined && { AccessorID: accessor }),
  };
  if (options.dryRun === true) {
    session.out.show(body, () => `Would create: ${roleText(role)}\n`);
    return;
  }
  const secret = secretFile === undefined ? {} : { SecretID: await readSecret(session, secretFile) };
  await make(session, options, { path: '/v1/acl/token', body: { ...body, ...secret } });
};

/** `banyan token create`. */
export const createCommand = (surroundings: Surroundings): Command =>
  addRightsOptions(new Command('create').description('make a token'))
    .option('--description <text>', 'what it is for')
    .option('--accessor <uuid>', 'its public name (drawn)')
    .option('--secret-file <file>', 'file that holds its secret; - for standard input (drawn)')
    .option('--token-out <file>', 'write the secret there instead of showing it; the file must not exist')
    .option('--dry-run', 'make no token')
    .addHelpText('after', CREATE)
    .action(inSession<CreateOptions>(surroundings, create));

/** `banyan token bootstrap`. */
export const bootstrapCommand = (surroundings: Surroundings): Command =>
  new Command('bootstrap')
    .description('make the first management token')
    .argument('[file]', 'holds the secret it shall have; - for standard input')
    .option('--token-out <file>', 'write the secret there instead of showing it; the file must not exist')
    .addHelpText('after', BOOTSTRAP)
    .action(
      inSession<MadeOptions, readonly [string | undefined]>(surroundings, async (session, options, file) => {
        const body = file === undefined ? {} : { BootstrapSecret: await readSecret(session, file) };
        await make(session, options, { path: '/v1/acl/bootstrap', body });
      }),
    );
