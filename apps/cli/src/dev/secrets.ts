import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Random, SecretText } from '@banyan/kernel';
import { type DataFolder, readOrMake } from './data-folder.js';

/** The roles the two datacenters need, least privilege each; the shape is that of the servers' initial token file. */
const TOKENS = {
  management: { role: { kind: 'management' }, description: 'you, the operator' },
  'replication-dc2': { role: { kind: 'replication', datacenter: 'dc2' }, description: 'dc2 asks the primary' },
  'agent-dc1': { role: { kind: 'agent', node: 'dc1-agent-1' }, description: 'agent of dc1' },
  'agent-dc2': { role: { kind: 'agent', node: 'dc2-agent-1' }, description: 'agent of dc2' },
  'service-web': { role: { kind: 'service', service: 'web' }, description: 'web and its sidecar' },
  'service-api': { role: { kind: 'service', service: 'api' }, description: 'api and its sidecar' },
} as const;

export type TokenName = keyof typeof TOKENS;
const NAMES = Object.keys(TOKENS) as TokenName[];

export interface DevSecrets {
  readonly tokens: Readonly<Record<TokenName, SecretText>>;
  /** The file that holds one token's secret and nothing else. */
  readonly tokenFile: (name: TokenName) => string;
  readonly initialTokensFile: string;
  /** To be sourced by a shell. */
  readonly environmentFile: string;
  /** A key-encryption key of its own for each process; made on first use. */
  readonly keyEncryptionFile: (owner: string) => string;
}

const writePrivate = (path: string, text: string): void => {
  writeFileSync(path, text, { mode: 0o600 });
  chmodSync(path, 0o600); // a file that was there keeps its mode otherwise
};

/** Makes the secrets of a new data folder, or reads those of an earlier run. Every file has mode 0600. */
export const loadSecrets = (folder: DataFolder, random: Random): DevSecrets => {
  const tokenFile = (name: TokenName): string => join(folder.secrets, `${name}.token`);
  const texts = new Map(NAMES.map((name) => [name, readOrMake(tokenFile(name), () => random.uuid())]));
  const initialTokensFile = join(folder.path, 'initial-tokens.json');
  const environmentFile = join(folder.path, 'dev.env');
  const initial = NAMES.map((name) => ({ ...TOKENS[name], secret: texts.get(name) }));
  writePrivate(initialTokensFile, `${JSON.stringify(initial, null, 2)}\n`);
  const management = texts.get('management');
  writePrivate(environmentFile, `BANYAN_HTTP_TOKEN=${management}\nCONSUL_HTTP_TOKEN=${management}\n`);
  return {
    tokens: Object.fromEntries(
      [...texts].map(([name, text]) => [name, new SecretText(text)]),
    ) as unknown as DevSecrets['tokens'],
    tokenFile,
    initialTokensFile,
    environmentFile,
    keyEncryptionFile: (owner) => {
      const path = join(folder.secrets, `${owner}.kek`);
      readOrMake(path, () => Buffer.from(random.bytes(32)).toString('base64'));
      return path;
    },
  };
};
