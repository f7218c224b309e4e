import { isBanyanError, type LogFields } from '@banyan/kernel';

const HIDDEN = '<hidden>';
/** Names under which a secret could be logged by mistake. A field that is safe gets another name. */
const SECRET_NAME = /token|secret|key|authorization|password|cookie/i;
const PRIVATE_PEM = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
/** Longer texts are cut: a log line is not a dump. */
const LONGEST_TEXT = 4_096;
/** Deeper values are cut, which also ends cycles. */
const DEEPEST = 5;

/**
 * The fields as they may be written: no value under a name that smells of a secret, no private key in PEM under any
 * name, errors as name, code and message, bytes as their number. The last net; code must not rely on it.
 */
export const redactFields = (fields: LogFields): Record<string, unknown> => redactMembers(fields, 0);

/** A text with any private key replaced. */
export const redactText = (text: string): string => {
  if (PRIVATE_PEM.test(text)) return HIDDEN;
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
};

const redactMembers = (fields: object, depth: number): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      SECRET_NAME.test(name) ? HIDDEN : redactValue(value, depth + 1),
    ]),
  );

const redactValue = (value: unknown, depth: number): unknown => {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'function' || typeof value === 'symbol') return `<${typeof value}>`;
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEEPEST) return '<…>';
  if (value instanceof Error) return redactError(value, depth);
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? '<no date>' : value.toISOString();
  if (Array.isArray(value)) return value.map((item: unknown) => redactValue(item, depth + 1));
  if (value instanceof Map || value instanceof Set) return `<${value.size} items>`;
  // A class that says how it is printed (SecretText) is taken at its word.
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return redactValue((toJSON as () => unknown).call(value), depth + 1);
  return redactMembers(value, depth);
};

const redactError = (error: Error, depth: number): Record<string, unknown> => ({
  name: error.name,
  ...(isBanyanError(error) ? { code: error.code, ...redactMembers(error.fields, depth) } : {}),
  message: redactText(error.message),
  ...(error.cause === undefined ? {} : { cause: redactValue(error.cause, depth + 1) }),
});
