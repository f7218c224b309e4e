import { readFileSync } from 'node:fs';
import { BanyanError, messageOf, SecretText } from '@banyan/kernel';

/** How the far end of an https address is verified, and what is shown to it; in the names of node:tls. */
export interface ConnectionTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Where the HTTP API of an agent or server is, and the token to show it. */
export interface Connection {
  readonly address: string;
  readonly token: SecretText | undefined;
  readonly tls: ConnectionTls;
}

/** The options that every command talking to an agent or server takes. */
export interface ConnectionOptions {
  readonly httpAddr?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly clientCert?: string;
  readonly clientKey?: string;
  readonly tlsServerName?: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where an agent of banyan, like one of Consul, listens unless told otherwise. */
const DEFAULT_ADDRESS = '127.0.0.1:8500';

const withScheme = (address: string, env: Environment): string => {
  if (/^[a-z]+:\/\//.test(address)) return address;
  const secure = ['1', 'true'].includes((env['BANYAN_HTTP_SSL'] || env['CONSUL_HTTP_SSL'] || '').toLowerCase());
  return `${secure ? 'https' : 'http'}://${address}`;
};

const readTextFile = (path: string, setting: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new BanyanError('CONFIG_INVALID', `${setting} cannot be read: ${messageOf(cause)}`, { cause });
  }
};

const readTokenFile = (path: string, setting: string): SecretText => {
  const text = readTextFile(path, setting).trim();
  if (text === '') throw new BanyanError('CONFIG_INVALID', `${setting} names ${path}, which is empty`);
  return new SecretText(text);
};

interface Named {
  readonly value: string;
  /** The option or variable it comes from. */
  readonly setting: string;
}

/** An option, else BANYAN_<name>, else CONSUL_<name>. */
const namedSetting = (
  wanted: { readonly name: string; readonly flag?: string; readonly option?: string | undefined },
  env: Environment,
): Named | undefined => {
  if (wanted.option !== undefined) return { value: wanted.option, setting: wanted.flag ?? wanted.name };
  const setting = [`BANYAN_${wanted.name}`, `CONSUL_${wanted.name}`].find((candidate) => env[candidate]);
  return setting === undefined ? undefined : { value: env[setting] ?? '', setting };
};

const read = (found: Named | undefined): string | undefined =>
  found === undefined ? undefined : readTextFile(found.value, found.setting);

const tlsFrom = (options: ConnectionOptions, env: Environment): ConnectionTls => {
  const ca = read(namedSetting({ name: 'CACERT', flag: '--ca-file', option: options.caFile }, env));
  const cert = read(namedSetting({ name: 'CLIENT_CERT', flag: '--client-cert', option: options.clientCert }, env));
  const key = read(namedSetting({ name: 'CLIENT_KEY', flag: '--client-key', option: options.clientKey }, env));
  const servername = namedSetting({ name: 'TLS_SERVER_NAME', option: options.tlsServerName }, env)?.value;
  const verify = namedSetting({ name: 'HTTP_SSL_VERIFY' }, env)?.value.toLowerCase();
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
    ...(verify === '0' || verify === 'false' ? { rejectUnauthorized: false } : {}),
  };
};

/**
 * Options win over BANYAN_HTTP_*, those over CONSUL_HTTP_*; within each, a token wins over a token file.
 * Throws `CONFIG_INVALID` when a file that is named cannot be read.
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
  return { address: withScheme(address, env), token, tls: tlsFrom(options, env) };
};
