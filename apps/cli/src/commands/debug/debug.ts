import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { BanyanError, messageOf } from '@banyan/kernel';
import { Command } from 'commander';
import { Bundle } from '../../bundle/bundle.js';
import { Scrubber } from '../../bundle/scrubber.js';
import { plainSettings, readEnvironmentFile, settingsText, viewSettings } from '../../bundle/settings-view.js';
import { connectionFrom } from '../../connection.js';
import { facts } from '../../output/table.js';
import type { GlobalOptions } from '../../session/global-options.js';
import { inSession, type Session } from '../../session/session.js';
import type { Surroundings } from '../../session/surroundings.js';
import { wholeNumber } from '../trail/whole-number.js';
import { addAnswers, addLogs, addProbes, machineOf } from './collect.js';

const EXAMPLES = `
One .tar.gz with what somebody needs who shall help: what the mesh answers about itself, readiness, metrics, versions, settings, and
the last lines of logs on this machine. Only fields that are known to hold no secret are in it, of any other text its length;
settings that are secrets are named, not shown. It holds names of services, nodes and addresses: look before you send it.
What cannot be asked is told in manifest.json. The token should have operator:read.

Examples:
  banyan debug bundle
  banyan debug bundle --env-file /etc/banyan/server.env --log-file /var/log/banyan/server.log
  banyan debug bundle --data-dir data/dev --file /tmp/bundle.tar.gz     logs of banyan dev
  journalctl -u banyan-server -o cat > server.log && banyan debug bundle --log-file server.log
`;

interface BundleOptions {
  readonly file?: string;
  readonly envFile?: readonly string[];
  readonly logFile?: readonly string[];
  readonly dataDir?: string;
  readonly lines: number;
}

/** Log files of `banyan dev` below its data folder. */
const logsBelow = (folder: string): readonly string[] => {
  const logs = join(folder, 'logs');
  if (!existsSync(logs)) throw new BanyanError('CONFIG_INVALID', `${folder} has no folder logs`);
  return readdirSync(logs)
    .filter((name) => name.endsWith('.log'))
    .map((name) => join(logs, name));
};

const stampOf = (now: number): string =>
  new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');

const write = async (path: string, content: Buffer): Promise<void> => {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(content);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new BanyanError('CONFIG_INVALID', `the bundle cannot be written: ${messageOf(cause)}`, { cause });
  }
};

const settingsOf = async (
  { env }: Surroundings,
  options: BundleOptions,
): Promise<readonly (readonly [name: string, view: Awaited<ReturnType<typeof viewSettings>>])[]> => {
  const plain = await plainSettings();
  const files = options.envFile ?? [];
  const given = await Promise.all(files.map(readEnvironmentFile));
  const named = [['command-line', env] as const, ...given.map((each, at) => [`file-${at + 1}`, each] as const)];
  return Promise.all(named.map(async ([name, each]) => [name, await viewSettings(each, plain)] as const));
};

const makeBundle = async (session: Session, options: BundleOptions & GlobalOptions): Promise<void> => {
  const { surroundings, out } = session;
  const now = surroundings.clock.now();
  const name = `banyan-debug-${stampOf(now)}`;
  const path = options.file ?? `${name}.tar.gz`;
  if (existsSync(path)) throw new BanyanError('CONFIG_INVALID', `${path} is there already`);
  const settings = await settingsOf(surroundings, options);
  const token = connectionFrom(options, surroundings.env).token?.reveal();
  const secrets = [...settings.flatMap(([, view]) => view.secrets), ...(token === undefined ? [] : [token])];
  const scrubber = new Scrubber({ secrets, salt: randomBytes(32) });
  const bundle = new Bundle(name);
  const missing = await addAnswers(session, bundle, scrubber);
  await addProbes(session, bundle, scrubber);
  for (const [where, view] of settings) bundle.addText(`settings/${where}.env`, settingsText(view, scrubber));
  const logs = [...(options.logFile ?? []), ...(options.dataDir === undefined ? [] : logsBelow(options.dataDir))];
  await addLogs(logs, options.lines, { bundle, scrubber });
  bundle.addJson('manifest', {
    ...machineOf(now),
    Address: scrubber.text(session.api.address),
    Files: bundle.names,
    Missing: missing,
  });
  await write(path, bundle.packed(now));
  out.show({ File: path, Files: bundle.names.length, Missing: Object.keys(missing) }, (value, paint) =>
    facts(
      [
        ['bundle', value.File, 'strong'],
        ['files', value.Files],
        ['not answered', value.Missing.join(', ') || 'nothing', value.Missing.length > 0 ? 'warning' : 'plain'],
      ],
      paint,
    ),
  );
};

/** `banyan debug`. */
export const debugCommand = (surroundings: Surroundings): Command => {
  const command = new Command('debug').description('what is needed to find out what is wrong');
  command
    .command('bundle')
    .description('gather what is known into one file, without secrets')
    .option('--file <file>', 'where to write it; must not exist (banyan-debug-<time>.tar.gz)')
    .option('--env-file <files...>', 'settings of a server or agent, NAME=value a line')
    .option('--log-file <files...>', 'logs on this machine')
    .option('--data-dir <folder>', 'the data folder of banyan dev, for its logs')
    .option('--lines <count>', 'how many of the last lines of each log', wholeNumber, 1_000)
    .addHelpText('after', EXAMPLES)
    .action(inSession<BundleOptions>(surroundings, makeBundle));
  return command;
};
