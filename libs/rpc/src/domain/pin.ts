import { BanyanError } from '@banyan/kernel';

/**
 * Brings a pin (the SHA-256 fingerprint of a root's DER) to 64 lower-case hex digits. Takes upper or lower case, with
 * or without colons, with or without the prefix `sha256:`. Throws `CONFIG_INVALID`.
 */
export const parsePin = (text: string): string => {
  const digits = text
    .trim()
    .toLowerCase()
    .replace(/^sha256:/, '')
    .replaceAll(':', '');
  if (!/^[0-9a-f]{64}$/.test(digits)) {
    throw new BanyanError('CONFIG_INVALID', 'a root pin is a SHA-256 fingerprint: 64 hex digits, colons optional');
  }
  return digits;
};

/** Whether `fingerprintSha256` (hex, colons or not) is the one that `pin` names. */
export const pinMatches = (pin: string, fingerprintSha256: string): boolean =>
  parsePin(fingerprintSha256) === parsePin(pin);
