import { createHash } from 'node:crypto';

/** A value that JSON can hold. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/** JSON with keys in code-unit order and no white space: equal values give equal text (after RFC 8785). */
export const canonicalJson = (value: JsonValue): string => {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((v: JsonValue) => canonicalJson(v)).join(',')}]`;
  const record = value as { readonly [key: string]: JsonValue | undefined };
  const members = Object.keys(record)
    .filter((key) => record[key] !== undefined)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(record[key] as JsonValue)}`);
  return `{${members.join(',')}}`;
};

/** SHA-256 of the canonical JSON, in lower-case hex: equal content, equal hash, in every datacenter. */
export const contentHash = (value: JsonValue): string =>
  createHash('sha256').update(canonicalJson(value)).digest('hex');
