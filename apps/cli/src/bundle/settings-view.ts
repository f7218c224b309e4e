import { readFile } from 'node:fs/promises';
import { BanyanError, messageOf } from '@banyan/kernel';
import type { Environment } from '../connection.js';
import type { Scrubber } from './scrubber.js';

const OURS = /^(?:BANYAN|CONSUL)_[A-Z0-9_]+$/;
/** The command line's own, beside those of servers and agents. */
const PLAIN = [
  'HTTP_ADDR',
  'HTTP_TOKEN_FILE',
  'HTTP_SSL',
  'HTTP_SSL_VERIFY',
  'CACERT',
  'CLIENT_CERT',
  'CLIENT_KEY',
  'TLS_SERVER_NAME',
];

/** Settings of an environment that are no secret by their declaration; of all others only that they are set. */
export interface SettingsView {
  readonly shown: Readonly<Record<string, string>>;
  /** Texts that must not appear anywhere in the bundle. */
  readonly secrets: readonly string[];
}

/** Names of the settings that may be shown: every declared one of servers and agents that is not a secret. */
export const plainSettings = async (): Promise<ReadonlySet<string>> => {
  // Whole servers come along; no other command waits for that.
  const { describeSettings } = await import('@banyan/settings');
  const { primarySettings, secondarySettings } = await import('@banyan/server');
  const { agentSettings } = await import('@banyan/host-agent');
  const declared = [primarySettings, secondarySettings, agentSettings].flatMap((schema) => describeSettings(schema));
  const secret = new Set(declared.filter((each) => each.secret).map(({ name }) => name));
  return new Set([
    ...declared.map(({ name }) => name).filter((name) => !secret.has(name)),
    ...[...secret].map((name) => `${name}_FILE`),
    ...PLAIN.flatMap((name) => [`BANYAN_${name}`, `CONSUL_${name}`]),
  ]);
};

/** The password of an address, as it is written there and as it is meant. */
const passwordsOf = (text: string): readonly string[] => {
  if (!URL.canParse(text)) return [];
  const { password } = new URL(text);
  return password === '' ? [] : [password, decodeURIComponent(password)];
};

/** What the settings say, and what of them must stay hidden: a file that holds a secret is read for that. */
export const viewSettings = async (env: Environment, plain: ReadonlySet<string>): Promise<SettingsView> => {
  const ours = Object.entries(env).filter(
    (entry): entry is [string, string] => OURS.test(entry[0]) && entry[1] !== undefined && entry[1] !== '',
  );
  const hidden = ours.filter(([name]) => !plain.has(name)).map(([, value]) => value);
  const files = ours.filter(([name]) => /(?:TOKEN|KEK|PASSWORD|SECRET|URL)_FILE$/.test(name)).map(([, path]) => path);
  const inFiles = await Promise.all(files.map((path) => readFile(path, 'utf8').catch(() => '')));
  return {
    shown: Object.fromEntries(ours.map(([name, value]) => [name, plain.has(name) ? value : '<set>'])),
    secrets: [...hidden, ...inFiles.map((text) => text.trim())].flatMap((text) => [text, ...passwordsOf(text)]),
  };
};

/** The settings view as text, the scrubber over every value. */
export const settingsText = ({ shown }: SettingsView, scrubber: Scrubber): string =>
  Object.entries(shown)
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${scrubber.text(value)}\n`)
    .join('');

/** An environment file as of systemd or docker: NAME=value a line. Throws `CONFIG_INVALID`, which never quotes it. */
export const readEnvironmentFile = async (path: string): Promise<Environment> => {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new BanyanError('CONFIG_INVALID', `${path} cannot be read: ${messageOf(cause)}`, { cause });
  });
  const pairs = text.split('\n').flatMap((line) => {
    const match = /^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)=(.*)$/.exec(line);
    return match === null ? [] : [[match[1] ?? '', (match[2] ?? '').trim().replace(/^(["'])(.*)\1$/, '$2')] as const];
  });
  return Object.fromEntries(pairs);
};
