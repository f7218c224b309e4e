import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { BanyanError } from '@banyan/kernel';

/** Length of the key-encryption key and of every data key. AES-256. */
export const KEY_BYTES = 32;
/** NIST SP 800-38D: 96-bit nonces, drawn at random. A data key is used once, the KEK at most 2^32 times. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const VERSION = 'v1';
/** Wrapped data key: nonce, tag, 32 bytes. */
const WRAPPED_BYTES = NONCE_BYTES + TAG_BYTES + KEY_BYTES;

/**
 * Encrypts `plaintext` under a data key of its own, which is wrapped by `kek`: `v1.<wrapped key>.<body>`, both parts
 * base64url of nonce, tag, ciphertext (AES-256-GCM). `context` is authenticated, so that a value cannot be moved to
 * another row.
 */
export const sealEnvelope = (kek: Uint8Array, plaintext: Uint8Array, context: string): string => {
  const dataKey = randomBytes(KEY_BYTES);
  try {
    const wrapped = encrypt(kek, dataKey, `${VERSION} key ${context}`);
    const body = encrypt(dataKey, plaintext, `${VERSION} body ${context}`);
    return `${VERSION}.${wrapped.toString('base64url')}.${body.toString('base64url')}`;
  } finally {
    dataKey.fill(0);
  }
};

/** Reverses {@link sealEnvelope}. Throws `CIPHERTEXT_INVALID` for another key, another context or a changed byte. */
export const openEnvelope = (kek: Uint8Array, sealed: string, context: string): Buffer => {
  const parts = sealed.split('.');
  const [version, wrappedText, bodyText] = parts;
  if (parts.length !== 3 || version !== VERSION || wrappedText === undefined || bodyText === undefined) throw invalid();
  const wrapped = strictBase64Url(wrappedText);
  const body = strictBase64Url(bodyText);
  if (wrapped.length !== WRAPPED_BYTES || body.length < NONCE_BYTES + TAG_BYTES) throw invalid();
  const dataKey = decrypt(kek, wrapped, `${VERSION} key ${context}`);
  try {
    return decrypt(dataKey, body, `${VERSION} body ${context}`);
  } finally {
    dataKey.fill(0);
  }
};

const encrypt = (key: Uint8Array, plaintext: Uint8Array, aad: string): Buffer => {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(aad, 'utf8'));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]);
};

const decrypt = (key: Uint8Array, sealed: Buffer, aad: string): Buffer => {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(aad, 'utf8'));
  decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw invalid(cause);
  }
};

/** Node's decoder skips what it does not know; one value must have one text. */
const strictBase64Url = (text: string): Buffer => {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.toString('base64url') !== text) throw invalid();
  return bytes;
};

const invalid = (cause?: unknown): BanyanError =>
  new BanyanError('CIPHERTEXT_INVALID', 'an encrypted value does not open: it is damaged, moved, or of another key', {
    cause,
  });
