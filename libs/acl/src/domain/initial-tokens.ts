import { z } from 'zod';
import { BanyanError, SecretText } from '@banyan/kernel';
import { roleSchema } from './role-schema.js';
import { SECRET_LENGTH } from './token-record.js';
import type { TokenDraft } from './wire-token.js';

/** A token of the tokens file: its secret is known, so that the processes can be started with it. */
export interface InitialToken extends TokenDraft {
  readonly secretId: SecretText;
}

const entrySchema = z.strictObject({
  role: roleSchema,
  secret: z.string().min(SECRET_LENGTH.least).max(SECRET_LENGTH.most),
  description: z.string().max(512).default(''),
  accessorId: z.uuid().toLowerCase().optional(),
});

/** Bounds of a tokens file: 1 MiB, 1,000 entries. */
const MAX_TEXT = 1_048_576;
const MAX_ENTRIES = 1_000;

const refuse = (message: string): never => {
  throw new BanyanError('CONFIG_INVALID', `The initial tokens ${message}`);
};

/**
 * Reads a tokens file: `[{"role":{"kind":"agent","node":"n1"},"secret":"…","description":"…"}]`. Throws
 * `CONFIG_INVALID` naming the entry by its position and the field; no value of the file is ever in a message.
 */
export const parseInitialTokens = (text: string): InitialToken[] => {
  if (text.length > MAX_TEXT) refuse(`are longer than ${MAX_TEXT} characters`);
  const items = jsonArray(text);
  if (items.length > MAX_ENTRIES) refuse(`have more than ${MAX_ENTRIES} entries`);
  const secrets = new Set<string>();
  return items.map((item, index) => {
    const parsed = entrySchema.safeParse(item);
    if (!parsed.success) return refuse(`entry [${index}] is invalid: ${fieldsOf(parsed.error)}`);
    const { role, secret, description, accessorId } = parsed.data;
    if (secrets.has(secret)) refuse(`entry [${index}] repeats the secret of an earlier entry`);
    secrets.add(secret);
    return { role, description, secretId: new SecretText(secret), ...(accessorId === undefined ? {} : { accessorId }) };
  });
};

const jsonArray = (text: string): unknown[] => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text around the mistake, which may be a secret: it is dropped.
    return refuse('are not valid JSON');
  }
  return Array.isArray(parsed) ? parsed : refuse('must be a JSON array');
};

/** Where the mistakes are and of which kind; zod's own texts could quote values. */
const fieldsOf = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'entry'} (${issue.code})`).join(', ');
