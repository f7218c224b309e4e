import type { Paint, Tone } from '../../output/paint.js';
import type { View } from '../../output/output.js';
import { type Column, facts, table } from '../../output/table.js';
import { timeText } from '../../output/words.js';
import type { WireRole, WireToken } from '../../wire/token-shapes.js';

const RIGHTS: Readonly<Record<string, string>> = {
  management: 'everything',
  'operator-read': 'reading all that operators read, and no secret',
  replication: 'following the primary as that datacenter, and having its intermediate signed',
  agent: 'being the agent of that node',
  service: 'registering and being that service',
};

/** A role in one word, with its name where it has one: `service web`. */
export const roleText = (role: WireRole | undefined): string => {
  if (role === undefined) return 'anonymous';
  const { kind, service, node, datacenter, scopes } = role;
  const named = [kind, service ?? node ?? datacenter].filter((each) => each !== undefined).join(' ');
  return scopes === undefined ? named : `${named} (${scopes.join(', ')})`;
};

const roleTone = ({ Role }: WireToken): Tone => (Role?.kind === 'management' ? 'warning' : 'plain');

const COLUMNS: readonly Column<WireToken>[] = [
  { title: 'ACCESSOR', value: ({ AccessorID }) => AccessorID },
  { title: 'ROLE', value: ({ Role }) => roleText(Role), tone: roleTone },
  { title: 'DESCRIPTION', value: ({ Description }) => Description },
  { title: 'CREATED', value: ({ CreateTime }) => timeText(CreateTime) },
];

/** Several tokens; never their secrets. */
export const tokensView: View<readonly WireToken[]> = (tokens, paint) => table(COLUMNS, tokens, paint);

const factsOf = (token: WireToken, paint: Paint, secret?: string): string =>
  facts(
    [
      ['accessor', token.AccessorID],
      ...(secret === undefined ? [] : [['secret', secret, 'strong'] as const]),
      ['role', roleText(token.Role), roleTone(token)],
      ['may', token.Role === undefined ? 'what needs no token' : RIGHTS[token.Role.kind]],
      ['description', token.Description],
      ['created', timeText(token.CreateTime)],
    ],
    paint,
  );

/** One token, without its secret. */
export const tokenView: View<WireToken> = (token, paint) => factsOf(token, paint);

/** One that was just made: the only time that its secret is shown. */
export const madeTokenView: View<WireToken> = (token, paint) =>
  factsOf(token, paint, token.SecretID === HIDDEN ? undefined : token.SecretID);

const HIDDEN = '<hidden>';

/** The token without its secret, for every output but that of the command that makes it. */
export const withoutSecret = (token: WireToken): WireToken => {
  // The answer of a bootstrap repeats the secret as `ID`.
  const { ID: _repeated, ...rest } = token;
  return { ...rest, SecretID: HIDDEN };
};
