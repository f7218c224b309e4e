import { X509Certificate } from 'node:crypto';
import { BanyanError } from '@banyan/kernel';
import { Command } from 'commander';
import { z } from 'zod';
import type { View } from '../../output/output.js';
import { plainText } from '../../output/plain-text.js';
import { facts } from '../../output/table.js';
import { openSecretFile } from '../../output/secret-file.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { federationShape, rootsShape } from '../../wire/federation-shapes.js';

const EXAMPLES = `
Makes a token with exactly what a secondary of that name needs (replication:read and ca:sign-intermediate for it), and prints
the settings its servers start with. The secret is shown once, or written to a file that only you may read. The token needs
acl:write and operator:read; ask a server or agent of the primary.

Examples:
  banyan federation invite dc3
  banyan federation invite dc3 --token-out dc3.token
  banyan federation invite dc3 --dry-run
`;

interface InviteOptions {
  readonly tokenOut?: string;
  readonly wanAddress?: string;
  readonly dryRun?: boolean;
  readonly again?: boolean;
}

/** What the servers of the next datacenter need. */
interface Invitation {
  readonly Datacenter: string;
  readonly Token: { readonly AccessorID: string; readonly SecretID?: string };
  /** By setting. */
  readonly Settings: Readonly<Record<string, string>>;
}

const tokenShape = z.looseObject({ AccessorID: z.string(), SecretID: z.string() });

const invitationView: View<Invitation> = ({ Datacenter, Token, Settings }, paint) =>
  [
    facts(
      [
        ['datacenter', Datacenter],
        ['token', `${Token.AccessorID} (replication:read, ca:sign-intermediate)`],
      ],
      paint,
    ),
    `\n${paint('quiet', `# settings of the servers of ${Datacenter}, beside database, KEK and addresses of their own`)}\n`,
    ...Object.entries(Settings).map(([name, value]) => `${name}=${plainText(value)}\n`),
  ].join('');

/** Settings that need no secret. */
const settingsFor = async ({ api }: Session, name: string, options: InviteOptions): Promise<Record<string, string>> => {
  const { Datacenter, PrimaryDatacenter, Datacenters } = await api.get('/v1/operator/federation', federationShape);
  if (Datacenters.some(({ Name }) => Name === name) && options.again !== true) {
    throw new BanyanError('CONFIG_INVALID', `${name} is a datacenter already: --again makes another token for it`);
  }
  const primary = Datacenters.find(({ Name }) => Name === PrimaryDatacenter);
  const addresses = options.wanAddress ?? primary?.WANAddresses.join(',') ?? '';
  if (addresses === '') {
    throw new BanyanError(
      'CONFIG_INVALID',
      `no WAN address of ${PrimaryDatacenter} is known in ${Datacenter}: --wan-address`,
    );
  }
  const { Roots, ActiveRootID } = await api.get('/v1/connect/ca/roots', rootsShape);
  const root = Roots.find(({ ID }) => ID === ActiveRootID);
  if (root === undefined) throw new BanyanError('CA_UNINITIALIZED', 'there is no active root to pin yet');
  return {
    BANYAN_DATACENTER: name,
    BANYAN_PRIMARY_WAN_ADDRESS: addresses,
    BANYAN_ROOT_FINGERPRINT: new X509Certificate(root.RootCert).fingerprint256.toLowerCase(),
  };
};

const invite = async (session: Session, name: string, options: InviteOptions): Promise<void> => {
  const settings = await settingsFor(session, name, options);
  if (options.dryRun === true) {
    const planned = { Datacenter: name, Token: { AccessorID: 'not made yet' }, Settings: settings };
    session.out.show<Invitation>(planned, invitationView);
    return;
  }
  const file = options.tokenOut === undefined ? undefined : await openSecretFile(options.tokenOut);
  try {
    const { value: made } = await session.api.ask({
      method: 'PUT',
      path: '/v1/acl/token',
      body: { Description: `replication of ${name}`, Role: { kind: 'replication', datacenter: name } },
      shape: tokenShape,
    });
    await file?.writeFile(`${made.SecretID}\n`);
    const secret =
      options.tokenOut === undefined
        ? { BANYAN_REPLICATION_TOKEN: made.SecretID }
        : { BANYAN_REPLICATION_TOKEN_FILE: options.tokenOut };
    session.out.show<Invitation>(
      {
        Datacenter: name,
        Token: { AccessorID: made.AccessorID, ...(file === undefined && { SecretID: made.SecretID }) },
        Settings: { ...settings, ...secret },
      },
      invitationView,
    );
    const where = options.tokenOut === undefined ? 'It is shown this once.' : `Carry ${options.tokenOut} there.`;
    session.out.note(`\n${where} A server of ${name} sends it only to who proves to stand under that root.`);
  } finally {
    await file?.close();
  }
};

/** `banyan federation invite`. */
export const inviteCommand = (surroundings: Surroundings): Command =>
  new Command('invite')
    .description('make the replication token of another datacenter, and print its settings')
    .argument('<datacenter>', 'its name')
    .option('--token-out <file>', 'write the secret there instead of showing it; the file must not exist')
    .option('--wan-address <addresses>', 'host:port of the WAN of the primary, where it is another one from there')
    .option('--again', 'another token for a datacenter that is there already')
    .option('--dry-run', 'make no token')
    .addHelpText('after', EXAMPLES)
    .action(
      inSession<InviteOptions, readonly [string]>(surroundings, (session, options, name) =>
        invite(session, name, options),
      ),
    );
