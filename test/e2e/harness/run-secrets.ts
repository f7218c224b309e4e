import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the primary is told of its first tokens. */
const ROLES = {
  management: { kind: 'management' },
  'replication-dc2': { kind: 'replication', datacenter: 'dc2' },
  'agent-dc1': { kind: 'agent', node: 'dc1-agent-1' },
  'agent-dc2': { kind: 'agent', node: 'dc2-agent-1' },
  web: { kind: 'service', service: 'web' },
  api: { kind: 'service', service: 'api' },
  shop: { kind: 'service', service: 'shop' },
} as const;

export type TokenName = keyof typeof ROLES;

/** The tokens and key-encryption keys of one run, in files that only their owner can read. */
export class RunSecrets {
  readonly initialTokensFile: string;
  readonly #tokens: ReadonlyMap<TokenName, string>;
  readonly #keys = new Map<string, string>();
  readonly #more = new Map<string, string>();

  constructor(private readonly folder: string) {
    const names = Object.keys(ROLES) as TokenName[];
    this.#tokens = new Map(names.map((name) => [name, randomUUID()]));
    const entries = names.map((name) => ({ role: ROLES[name], secret: this.token(name), description: name }));
    this.initialTokensFile = this.#write('initial-tokens.json', JSON.stringify(entries));
    for (const name of names) this.#write(`${name}.token`, this.token(name));
  }

  token(name: TokenName): string {
    return this.#tokens.get(name)!;
  }

  tokenFile(name: TokenName): string {
    return join(this.folder, `${name}.token`);
  }

  /** A file with a key-encryption key of its own for `owner`. */
  keyEncryptionFile(owner: string): string {
    const key = this.#keys.get(owner) ?? randomBytes(32).toString('base64');
    this.#keys.set(owner, key);
    return this.#write(`${owner}.kek`, key);
  }

  /** A secret that came up during the run. */
  add(name: string, text: string): void {
    this.#more.set(name, text);
  }

  /** What must stand in no log, no error answer and on no wire in the clear, each under a name that may be told. */
  get all(): ReadonlyMap<string, string> {
    return new Map<string, string>([
      ...[...this.#tokens].map(([name, text]) => [`the token ${name}`, text] as const),
      ...[...this.#keys].map(([owner, text]) => [`the key-encryption key of ${owner}`, text] as const),
      ...this.#more,
      ['a private key', 'PRIVATE KEY'],
    ]);
  }

  #write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, `${text}\n`, { mode: 0o600 });
    return path;
  }
}

/** Names of the secrets that stand in `text`. */
export const secretsIn = (text: string, secrets: RunSecrets): string[] =>
  [...secrets.all].filter(([, secret]) => text.includes(secret)).map(([name]) => name);
