import { COMMON_OPTION_NAMES, HIDDEN } from '@banyan/ca';
import type { JsonValue } from '@banyan/kernel';
import type { KeySpecText } from './certificate-size.js';

/** Options of every provider are public. Of all others only the name is kept: a record holds no secret. */
const BY_LOWER_CASE = new Map<string, string>(COMMON_OPTION_NAMES.map((name) => [name.toLowerCase(), name]));

/** The options as a record, a plan or a journal may show them, by their documented spelling. */
export const publicOptions = (options: Readonly<Record<string, unknown>>): Record<string, string | number | boolean> =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => {
      const name = BY_LOWER_CASE.get(key.toLowerCase());
      if (name === undefined) return [key.slice(0, 128), HIDDEN];
      const shown = typeof value === 'string' ? value.slice(0, 64) : value;
      return [name, isPlain(shown) ? shown : HIDDEN];
    }),
  );

const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** The key the options ask for; EC P-256 unless they say otherwise. */
export const keySpecText = (options: Readonly<Record<string, JsonValue>>): KeySpecText => ({
  type: options['PrivateKeyType'] === 'rsa' ? 'rsa' : 'ec',
  bits: Number(options['PrivateKeyBits'] ?? 0) || (options['PrivateKeyType'] === 'rsa' ? 2_048 : 256),
});
