import { inspect } from 'node:util';

/**
 * A secret that cannot be printed by accident: string conversion, JSON and `util.inspect` give `<hidden>`.
 * `reveal()` is called only where the secret leaves for its purpose (a header, a hash, a file with mode 0600).
 */
export class SecretText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
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
