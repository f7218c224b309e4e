import { parsedJson } from '@banyan/kernel';
import { keepFields } from './keep-fields.js';
import type { Scrubber } from './scrubber.js';

/** Opaque words: long, of letters and digits; what a secret looks like, and a hash, too. */
const OPAQUE = /[A-Za-z0-9+/_=-]{24,}/g;

const isOpaque = (word: string): boolean => /\d/.test(word) && /[A-Za-z]/.test(word);

/** A log line as a bundle holds it: of a record its kept fields, of any other line the text without opaque words. */
export const keepLogLine = (line: string, scrubber: Scrubber): string => {
  const record = line.startsWith('{') ? parsedJson(line) : undefined;
  if (record !== null && typeof record === 'object') return JSON.stringify(keepFields(record, scrubber));
  return scrubber.text(line).replaceAll(OPAQUE, (word) => (isOpaque(word) ? `<${word.length} characters>` : word));
};
