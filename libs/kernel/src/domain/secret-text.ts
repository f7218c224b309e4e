import { createHash } from 'node:crypto';
import { inspect } from 'node:util';

/**
 * A secret that cannot be printed by accident: string conversion, JSON and `util.inspect` give `<hidden>`.
 * `reveal()` is called only where the secret leaves for its purpose (a header, a hash, a file with mode 0600).
 */
export class SecretText {
  readonly #text: string;
  #digest: string | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  /** SHA-256 in base64url, computed once: stands for the secret as a key in memory, and tells nothing of it. */
  get digest(): string {
    this.#digest ??= createHash('sha256').update(this.#text).digest('base64url');
    return this.#digest;
  }

  toString(): string {
    return '<hidden>';
  }

  toJSON(): string {
    return '<hidden>';
  }

  [inspect.custom](): string {
    return '<hidden>';
  }
}
