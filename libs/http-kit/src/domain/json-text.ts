import { randomUUID } from 'node:crypto';

/**
 * Stands around an integer while JSON.stringify runs. Unpredictable, so that no text a client sent can pass for it.
 * (`JSON.rawJSON` does this natively, but not on Node 20.)
 */
const FENCE = randomUUID();
const FENCED = new RegExp(`"${FENCE}(-?\\d+)"`, 'g');

const fenceBigints = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${FENCE}${value}` : value;

/** JSON text; a `bigint` is written as an integer with all its digits. `pretty` is 4 spaces and a final newline. */
export const jsonText = (value: unknown, pretty = false): string => {
  const text = JSON.stringify(value, fenceBigints, pretty ? 4 : undefined) ?? 'null';
  const whole = text.includes(FENCE) ? text.replaceAll(FENCED, '$1') : text;
  return pretty ? `${whole}\n` : whole;
};

/** A serial number of any size as a JSON integer: give the result to any answer. Accepts `ab:cd:…` or plain hex. */
export const rawInteger = (hex: string): bigint => BigInt(`0x${hex.replaceAll(':', '')}`);

/** Deeper nesting than this is refused before parsing; no body of the API is half as deep. */
const MAX_JSON_DEPTH = 64;

/** Whether JSON text nests objects and arrays deeper than `limit`; linear, and indifferent to malformed text. */
export const nestsTooDeep = (text: string, limit = MAX_JSON_DEPTH): boolean => {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === '\\') at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') {
      if (++depth > limit) return true;
    } else if (char === '}' || char === ']') depth--;
  }
  return false;
};
