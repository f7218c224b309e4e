import type { JsonValue } from './canonical-json.js';

/**
 * `JSON.stringify` escapes exactly these: control characters and surrogates without their partner. An even number of
 * backslashes before the escape is text that only looks like one.
 */
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/;

/**
 * Whether PostgreSQL can hold every text in the value: it refuses the character U+0000 and lone surrogates, in `text`
 * and in `jsonb`. Check what comes from outside before it is written.
 */
export const isStorableJson = (value: JsonValue): boolean => !UNSTORABLE.test(JSON.stringify(value));
