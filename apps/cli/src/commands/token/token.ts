import { BanyanError } from '@banyan/kernel';
import { Command } from 'commander';
import { anything } from '../../api/api-client.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { tokenShape, tokensShape } from '../../wire/token-shapes.js';
import { findToken, tokenPath } from './find-token.js';
import { bootstrapCommand, createCommand } from './make.js';
import { addRightsOptions, type RightsOptions, roleOf } from './rights.js';
import { roleText, tokensView, tokenView, withoutSecret } from './token-view.js';

const UPDATE = `
Another description, another role, or both; the secret stays. The token you show needs acl:write.

Examples:
  banyan token update 4f1c -description 'agent of host-7, rack 3'
  banyan token update 4f1c --role operator-read --dry-run
`;

const DELETE = `
It is refused everywhere at once, and in other datacenters as soon as they have heard of it; connections that sidecars opened with
it end when they next ask. The beginning of an accessor is enough. The token you show needs acl:write.

Examples:
  banyan token delete 4f1c --dry-run
  banyan token delete 4f1c9a5e-0b1d-4c39-8f55-0a4b2c9f6a01 --yes
`;

const SHORT = 8;

const selfAccessor = async ({ api }: Session): Promise<string> =>
  (await api.get('/v1/acl/token/self', tokenShape)).AccessorID;

interface DeleteOptions {
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

const remove = async (session: Session, options: DeleteOptions, accessor: string): Promise<void> => {
  const { api, out, confirmation } = session;
  const token = withoutSecret(await findToken(session, accessor));
  if (options.dryRun === true) {
    out.show(token, (value, paint) => `Would delete:\n${tokenView(value, paint)}`);
    return;
  }
  if (options.yes !== true) out.note(tokenView(token, out.paint));
  const isOwn = (await selfAccessor(session)) === token.AccessorID;
  const text = `This deletes ${isOwn ? 'the token that you are using' : `a token of the role ${roleText(token.Role)}`}`;
  await confirmation.require({ text, word: token.AccessorID.slice(0, SHORT), isAnswered: options.yes === true });
  await api.ask({ method: 'DELETE', path: tokenPath(token.AccessorID), shape: anything });
  out.show({ AccessorID: token.AccessorID, Deleted: true }, (value) => `Deleted: ${value.AccessorID}\n`);
};

interface UpdateOptions extends RightsOptions {
  readonly description?: string;
  readonly dryRun?: boolean;
}

const update = async (session: Session, options: UpdateOptions, accessor: string): Promise<void> => {
  const Role = roleOf(options);
  if (Role === undefined && options.description === undefined) {
    throw new BanyanError('CONFIG_INVALID', 'say what shall be another: --description, or an option that names a role');
  }
  const token = withoutSecret(await findToken(session, accessor));
  const body = { Role: Role ?? token.Role, Description: options.description ?? token.Description };
  if (options.dryRun === true) {
    session.out.show(
      { ...token, ...body },
      (value, paint) => `Would become:\n${tokenView({ ...token, ...value }, paint)}`,
    );
    return;
  }
  const { value } = await session.api.ask({
    method: 'PUT',
    path: tokenPath(token.AccessorID),
    body,
    shape: tokenShape,
  });
  session.out.show(withoutSecret(value), tokenView);
};

const readCommands = (surroundings: Surroundings): readonly Command[] => [
  new Command('list')
    .description('every token, without its secret')
    .addHelpText('after', '\nThe token you show needs acl:read.\n\nExample:\n  banyan token list\n')
    .action(
      inSession(surroundings, async ({ api, out }) => {
        out.show((await api.get('/v1/acl/tokens', tokensShape)).map(withoutSecret), tokensView);
      }),
    ),
  new Command('read')
    .description('one token, without its secret')
    .argument('<accessor>', 'its accessor, or the beginning of it')
    .addHelpText('after', '\nThe token you show needs acl:read.\n\nExample:\n  banyan token read 4f1c\n')
    .action(
      inSession<object, readonly [string]>(surroundings, async (session, _options, accessor) => {
        session.out.show(withoutSecret(await findToken(session, accessor)), tokenView);
      }),
    ),
  new Command('self')
    .description('the token that you show, and what it may')
    .addHelpText('after', '\nExample:\n  banyan token self --token-file web.token\n')
    .action(
      inSession(surroundings, async ({ api, out }) => {
        out.show(withoutSecret(await api.get('/v1/acl/token/self', tokenShape)), tokenView);
      }),
    ),
];

/** `banyan token`. */
export const tokenCommand = (surroundings: Surroundings): Command => {
  const command = new Command('token').description('what lets people, agents and services in');
  const parts = [
    bootstrapCommand(surroundings),
    createCommand(surroundings),
    ...readCommands(surroundings),
    addRightsOptions(
      new Command('update')
        .description('change what a token may, or what it is called')
        .argument('<accessor>', 'its accessor, or the beginning of it'),
    )
      .option('--description <text>', 'what it is for')
      .option('--dry-run', 'change nothing')
      .addHelpText('after', UPDATE)
      .action(
        inSession<UpdateOptions, readonly [string]>(surroundings, (session, options, accessor) =>
          update(session, options, accessor),
        ),
      ),
    new Command('delete')
      .description('take a token away')
      .argument('<accessor>', 'its accessor, or the beginning of it')
      .option('--dry-run', 'only show what would be deleted')
      .option('-y, --yes', 'do not ask')
      .addHelpText('after', DELETE)
      .action(
        inSession<DeleteOptions, readonly [string]>(surroundings, (session, options, accessor) =>
          remove(session, options, accessor),
        ),
      ),
  ];
  for (const part of parts) command.addCommand(part);
  return command;
};
