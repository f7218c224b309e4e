import { BanyanError } from '@banyan/kernel';

/** Longest service or node name, in characters. */
const MAX_NAME_LENGTH = 128;
/** Longest datacenter name, in characters. */
const MAX_DATACENTER_LENGTH = 64;

const alphabet = (characters: string): Uint8Array => {
  const table = new Uint8Array(128);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
};

const LOWER_AND_DIGITS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const DATACENTER_ALPHABET = alphabet(`${LOWER_AND_DIGITS}_-`);
const NAME_ALPHABET = alphabet(`${LOWER_AND_DIGITS}ABCDEFGHIJKLMNOPQRSTUVWXYZ_.-`);

const consistsOf = (text: string, table: Uint8Array): boolean => {
  for (let at = 0; at < text.length; at++) {
    // Beyond the table is undefined, which is not 1 either: everything outside ASCII is refused.
    if (table[text.charCodeAt(at)] !== 1) return false;
  }
  return true;
};

/** Whether `text` is a service or node name: 1 to 128 of `A-Z a-z 0-9 _ . -`, and neither `.` nor `..`. */
export const isName = (text: string): boolean =>
  text.length > 0 && text.length <= MAX_NAME_LENGTH && text !== '.' && text !== '..' && consistsOf(text, NAME_ALPHABET);

/** Whether `text` is a datacenter name: 1 to 64 of `a-z 0-9 _ -`. */
export const isDatacenterName = (text: string): boolean =>
  text.length > 0 && text.length <= MAX_DATACENTER_LENGTH && consistsOf(text, DATACENTER_ALPHABET);

const refuse = (what: string, rule: string): never => {
  // The refused text is left out: it is unbounded and from outside.
  throw new BanyanError('NAME_INVALID', `A ${what} name must be ${rule}.`);
};

/** `text`, if it is a service name (1 to 128 of `A-Z a-z 0-9 _ . -`, not `.` or `..`). Throws `NAME_INVALID`. */
export const parseServiceName = (text: string): string =>
  isName(text) ? text : refuse('service', '1 to 128 letters, digits, "_", "." or "-", and not "." or ".."');

/** `text`, if it is a node name (same form as a service name). Throws `NAME_INVALID`. */
export const parseNodeName = (text: string): string =>
  isName(text) ? text : refuse('node', '1 to 128 letters, digits, "_", "." or "-", and not "." or ".."');

/** `text`, if it is a datacenter name (1 to 64 of `a-z 0-9 _ -`). Throws `NAME_INVALID`. */
export const parseDatacenterName = (text: string): string =>
  isDatacenterName(text) ? text : refuse('datacenter', '1 to 64 lower-case letters, digits, "_" or "-"');
