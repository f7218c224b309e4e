import { BanyanError } from '@banyan/kernel';
import { KEY_BYTES, openEnvelope, sealEnvelope } from '../domain/envelope.js';
import { readKeyFile } from './key-file.js';

/** Where the key-encryption key comes from: exactly one of `file` and `value`. */
export interface KeySource {
  /** Path of a file with 32 bytes in base64 or hex. */
  readonly file?: string;
  /** The 32 bytes in base64 or hex. */
  readonly value?: string;
  /** Whether a missing `file` is made, mode 0600, parent folders included. */
  readonly generate: boolean;
}

/**
 * Encrypts what must not be readable in the database. Values that were sealed are text, safe to store and to back up;
 * without the key-encryption key they are worthless, so that a backup of the key belongs elsewhere.
 */
export class KeyEncryption {
  readonly #kek: Buffer;

  private constructor(
    kek: Uint8Array,
    /** What an operator should know about the key's source; log each once. */
    readonly warnings: readonly string[],
  ) {
    this.#kek = Buffer.from(kek);
  }

  /** From 32 bytes. Throws `KEK_INVALID` for another length. */
  static fromKey(bytes: Uint8Array): KeyEncryption {
    if (bytes.length !== KEY_BYTES) {
      throw new BanyanError('KEK_INVALID', `the key-encryption key has ${bytes.length} bytes, not ${KEY_BYTES}`);
    }
    return new KeyEncryption(bytes, []);
  }

  /** From a file or a setting. Throws `KEK_INVALID` when there is none, there are two, or it is not 32 bytes. */
  static load(source: KeySource): KeyEncryption {
    if ((source.file === undefined) === (source.value === undefined)) {
      throw new BanyanError('KEK_INVALID', 'give the key-encryption key either by a file or by a value');
    }
    if (source.file === undefined) return new KeyEncryption(parseKey(source.value ?? '', 'the given value'), []);
    const { text, warnings } = readKeyFile(source.file, source.generate);
    return new KeyEncryption(parseKey(text, `the file ${source.file}`), warnings);
  }

  /** Encrypts. `context` names table, row and column, and has to be given again to open the value. */
  seal(plaintext: Uint8Array | string, context: string): string {
    return sealEnvelope(this.#kek, typeof plaintext === 'string' ? Buffer.from(plaintext, 'utf8') : plaintext, context);
  }

  /** Decrypts. Throws `CIPHERTEXT_INVALID` if the value is damaged, of another context, or of another key. */
  open(sealed: string, context: string): Buffer {
    return openEnvelope(this.#kek, sealed, context);
  }

  /** Never the key. */
  toJSON(): string {
    return '<hidden>';
  }
}

const HEX = /^[0-9a-fA-F]{64}$/;
/** 32 bytes are 43 characters of base64 and one of padding; both alphabets are taken. */
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/;

const parseKey = (text: string, where: string): Buffer => {
  const trimmed = text.trim();
  if (HEX.test(trimmed)) return Buffer.from(trimmed, 'hex');
  if (BASE64.test(trimmed)) return Buffer.from(trimmed, 'base64');
  throw new BanyanError('KEK_INVALID', `${where} does not hold a key-encryption key: 32 bytes in base64 or hex`);
};
