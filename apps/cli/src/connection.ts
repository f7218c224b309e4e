import { readFileSync } from 'node:fs';
import { BanyanError, messageOf, SecretText } from '@banyan/kernel';

/** Where the agent's HTTP API is, and the token to show it. */
export interface Connection {
  readonly address: string;
  readonly token: SecretText | undefined;
}

/** The options that every command talking to an agent takes. */
export interface ConnectionOptions {
  readonly httpAddr?: string;
  readonly token?: string;
  readonly tokenFile?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where an agent of banyan, like one of Consul, listens unless told otherwise. */
const DEFAULT_ADDRESS = '127.0.0.1:8500';

const withScheme = (address: string, env: Environment): string => {
  if (/^(https?|unix):\/\//.test(address)) return address;
  const secure = ['1', 'true'].includes((env['CONSUL_HTTP_SSL'] ?? '').toLowerCase());
  return `${secure ? 'https' : 'http'}://${address}`;
};

const readTokenFile = (path: string, setting: string): SecretText => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new BanyanError('CONFIG_INVALID', `${setting} cannot be read: ${messageOf(cause)}`, { cause });
  }
  if (text === '') throw new BanyanError('CONFIG_INVALID', `${setting} names ${path}, which is empty`);
  return new SecretText(text);
};

/**
 * Options win over BANYAN_HTTP_*, those over CONSUL_HTTP_*; within each, a token wins over a token file.
 * Throws `CONFIG_INVALID` when a token file cannot be read.
 */
export const connectionFrom = (options: ConnectionOptions, env: Environment): Connection => {
  const filled = (name: string): string | undefined => env[name] || undefined;
  const address = options.httpAddr ?? filled('BANYAN_HTTP_ADDR') ?? filled('CONSUL_HTTP_ADDR') ?? DEFAULT_ADDRESS;
  const sources: readonly [token: string | undefined, file: string | undefined, fileSetting: string][] = [
    [options.token, options.tokenFile, '--token-file'],
    [filled('BANYAN_HTTP_TOKEN'), filled('BANYAN_HTTP_TOKEN_FILE'), 'BANYAN_HTTP_TOKEN_FILE'],
    [filled('CONSUL_HTTP_TOKEN'), filled('CONSUL_HTTP_TOKEN_FILE'), 'CONSUL_HTTP_TOKEN_FILE'],
  ];
  const source = sources.find(([token, file]) => token !== undefined || file !== undefined);
  const token =
    source === undefined
      ? undefined
      : source[0] === undefined
        ? readTokenFile(source[1] ?? '', source[2])
        : new SecretText(source[0]);
  return { address: withScheme(address, env), token };
};
