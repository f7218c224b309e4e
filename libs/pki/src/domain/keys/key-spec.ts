import { BanyanError } from '@banyan/kernel';

/** The keys banyan makes and accepts: NIST curves and RSA, sizes in bits. */
export type KeySpec =
  | { readonly type: 'ec'; readonly bits: 256 | 384 | 521 }
  | { readonly type: 'rsa'; readonly bits: 2048 | 4096 };

/** Every accepted spec, by its name; one object each, so that specs can be compared by identity too. */
const SPECS: Readonly<Record<string, KeySpec>> = {
  'ec-256': { type: 'ec', bits: 256 },
  'ec-384': { type: 'ec', bits: 384 },
  'ec-521': { type: 'ec', bits: 521 },
  'rsa-2048': { type: 'rsa', bits: 2048 },
  'rsa-4096': { type: 'rsa', bits: 4096 },
};

/** The spec of a configured key type (`ec`, `rsa`) and size in bits. Throws `KEY_UNSUPPORTED`. */
export const parseKeySpec = (type: string, bits: number): KeySpec => {
  const name = `${type}-${bits}`;
  const spec = Object.hasOwn(SPECS, name) ? SPECS[name] : undefined;
  if (spec === undefined) {
    throw new BanyanError('KEY_UNSUPPORTED', 'A key is EC with 256, 384 or 521 bits, or RSA with 2048 or 4096.');
  }
  return spec;
};

/** The spec of a key that was found, not configured: too small is `KEY_TOO_WEAK`, anything else `KEY_UNSUPPORTED`. */
export const acceptedSpec = (type: 'ec' | 'rsa', bits: number): KeySpec => {
  if (bits < (type === 'ec' ? 256 : 2048)) {
    throw new BanyanError('KEY_TOO_WEAK', `A key of ${bits} bits (${type}) is too weak.`, { fields: { type, bits } });
  }
  return parseKeySpec(type, bits);
};
