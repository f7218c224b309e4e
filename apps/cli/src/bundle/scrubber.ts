import { createHmac } from 'node:crypto';

const HIDDEN = '<hidden>';
/** A text that is longer is cut: a bundle explains, it does not copy. */
const LONGEST_TEXT = 4_000;
const SHORTEST_SECRET = 6;

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi;

/** What looks like a secret wherever it stands, and what is written instead. */
const LOOKS: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, '<private key>'],
  // Credentials in an address: postgres://user:password@host.
  [/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${HIDDEN}@`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`],
  [
    /((?:token|secret|password|passwd|passphrase|authorization|api[-_]?key|private[-_]?key|cookie|kek)["']?\s*[:=]\s*["']?)[^\s"',;&}]+/gi,
    `$1${HIDDEN}`,
  ],
  // Tokens of Vault and keys of AWS.
  [/\b(?:hv[sbr]|s|b|r)\.[\w-]{20,}/g, HIDDEN],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, HIDDEN],
];

/**
 * Takes out of free texts what could be a secret: what is known to be one, what looks like one, and every UUID that was not
 * seen as a public name, since secrets of tokens are UUIDs, too. Of those one can still see which are the same.
 */
export class Scrubber {
  readonly #secrets: readonly string[];
  readonly #public = new Set<string>();

  constructor(
    private readonly from: {
      /** Texts that must not appear anywhere. */
      readonly secrets: readonly string[];
      /** Drawn for each bundle: nobody can try UUIDs. */
      readonly salt: Uint8Array;
    },
  ) {
    this.#secrets = from.secrets
      .filter(({ length }) => length >= SHORTEST_SECRET)
      .toSorted((a, b) => b.length - a.length);
  }

  /** UUIDs in this text are names, not secrets: accessors, nodes, rotations. */
  allow(text: string): void {
    for (const [uuid] of text.matchAll(UUID)) this.#public.add(uuid.toLowerCase());
  }

  text(given: string): string {
    let text = given;
    for (const secret of this.#secrets) text = text.replaceAll(secret, HIDDEN);
    for (const [pattern, instead] of LOOKS) text = text.replaceAll(pattern, instead);
    text = text.replaceAll(UUID, (uuid) => (this.#public.has(uuid.toLowerCase()) ? uuid : this.#standIn(uuid)));
    return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
  }

  #standIn(uuid: string): string {
    const mark = createHmac('sha256', this.from.salt).update(uuid.toLowerCase()).digest('hex').slice(0, 8);
    return `<uuid ${mark}>`;
  }
}
