import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair as generate,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';
import { promisify } from 'node:util';
import { BanyanError } from '@banyan/kernel';
import { decodePem } from '../pem.js';
import type { KeySpec } from './key-spec.js';
import { exportSpki, specOfSpki } from './public-key.js';

/** A private key and the public key that belongs to it. */
export interface KeyPair {
  readonly spec: KeySpec;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const generateAsync = promisify(generate);

/** Makes a key pair off the event loop: an RSA key takes 0.2 to 1.2 s of CPU. */
export const generateKeyPair = async (spec: KeySpec): Promise<KeyPair> => {
  const pair =
    spec.type === 'ec'
      ? await generateAsync('ec', { namedCurve: `P-${spec.bits}` })
      : await generateAsync('rsa', { modulusLength: spec.bits, publicExponent: 65_537 });
  return { spec, ...pair };
};

/**
 * `EC PRIVATE KEY` (SEC 1) or `RSA PRIVATE KEY` (PKCS #1), the forms that existing clients read, with a trailing line
 * end. The text is secret: write it to its place only.
 */
export const exportPrivateKeyPem = (key: KeyObject): string => {
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1';
  return key.export({ type, format: 'pem' }).toString();
};

/** A private key is at most 4 KiB of PEM (RSA 4096 is 3.2 KiB); the rest is room for comments. */
const MAX_PRIVATE_KEY_PEM = 64 * 1024;
const KEY_LABELS = ['EC PRIVATE KEY', 'RSA PRIVATE KEY', 'PRIVATE KEY'] as const;
const FORMS = { 'EC PRIVATE KEY': 'sec1', 'RSA PRIVATE KEY': 'pkcs1', 'PRIVATE KEY': 'pkcs8' } as const;

const invalid = (reason: string): never => {
  // Never with a cause: a library's message could quote what it was given.
  throw new BanyanError('PEM_INVALID', `Not a private key in PEM: ${reason}.`);
};

const privateKeyOf = (pem: string): KeyObject => {
  // `openssl ecparam -genkey` writes the curve as a block of its own in front.
  const [block, ...more] = decodePem(pem).filter(({ label }) => label !== 'EC PARAMETERS');
  const label = KEY_LABELS.find((known) => known === block?.label);
  if (block === undefined || label === undefined || more.length > 0) {
    return invalid('expected exactly one unencrypted EC, RSA or PKCS #8 key');
  }
  const key = decodeKey(block.der, label);
  // OpenSSL 3.5 (Node 22 and later) decodes by content and lets a wrong label pass.
  const expected = LABELLED_TYPE[label];
  if (expected !== undefined && key.asymmetricKeyType !== expected)
    return invalid('the label names another kind of key');
  return key;
};

const decodeKey = (der: Uint8Array, label: keyof typeof FORMS): KeyObject => {
  try {
    return createPrivateKey({ key: Buffer.from(der), format: 'der', type: FORMS[label] });
  } catch {
    return invalid('the key cannot be read');
  }
};

/** What a label promises; PKCS #8 promises nothing. */
const LABELLED_TYPE: { readonly [label: string]: 'ec' | 'rsa' | undefined } = {
  'EC PRIVATE KEY': 'ec',
  'RSA PRIVATE KEY': 'rsa',
};

const PROBE = Buffer.from('banyan key probe');

/**
 * Reads an unencrypted private key: SEC 1, PKCS #1 or PKCS #8. Its halves are proven to belong together, since a
 * SEC 1 file may hold any public key beside the private one.
 * Throws `PEM_INVALID`, `KEY_UNSUPPORTED`, `KEY_TOO_WEAK`, `KEY_MISMATCH`, `INPUT_TOO_LARGE`; no message holds key text.
 */
export const importPrivateKeyPem = (pem: string): KeyPair => {
  if (pem.length > MAX_PRIVATE_KEY_PEM) throw new BanyanError('INPUT_TOO_LARGE', 'A private key is over 64 KiB.');
  const privateKey = privateKeyOf(pem);
  if (privateKey.asymmetricKeyType !== 'ec' && privateKey.asymmetricKeyType !== 'rsa') {
    throw new BanyanError('KEY_UNSUPPORTED', 'A private key is neither EC nor RSA.');
  }
  const publicKey = createPublicKey(privateKey);
  const spec = specOfSpki(exportSpki(publicKey));
  if (!isPair(privateKey, publicKey)) {
    throw new BanyanError('KEY_MISMATCH', 'The two halves of a private key do not belong together.');
  }
  return { spec, privateKey, publicKey };
};

const isPair = (privateKey: KeyObject, publicKey: KeyObject): boolean => {
  try {
    return verify('sha256', PROBE, publicKey, sign('sha256', PROBE, privateKey));
  } catch {
    // OpenSSL refuses to sign with RSA numbers that contradict each other.
    return false;
  }
};
