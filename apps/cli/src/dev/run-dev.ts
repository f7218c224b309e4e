import { join } from 'node:path';
import { BanyanError, type Clock, messageOf, type Random, type Timers } from '@banyan/kernel';
import type { Environment } from '../connection.js';
import { openDataFolder } from './data-folder.js';
import { whatToTryNext } from './farewell.js';
import { Narrator } from './narrator.js';
import { requireFreePorts } from './port-check.js';
import { ProcessGroup, requireNoLeftovers } from './process-group.js';
import { loadSecrets } from './secrets.js';
import { parseDevSettings } from './settings.js';
import { Story } from './story.js';
import { planTopology } from './topology.js';

/** Passed on from the caller's environment; tokens and addresses in it are not for the processes. */
const INHERITED = [
  'PATH',
  'HOME',
  'USER',
  'TMPDIR',
  'LANG',
  'LC_ALL',
  'TZ',
  'NODE_OPTIONS',
  'BANYAN_PG_BIN',
  'BANYAN_LOG_LEVEL',
];

export interface DevOptions {
  readonly fresh: boolean;
  readonly env: Environment;
  readonly cwd: string;
  /** Folder of the compiled entries. */
  readonly dist: string;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

const inherited = (env: Environment): Record<string, string> =>
  Object.fromEntries(INHERITED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));

/** Rejects when the signal is aborted; never resolves. */
const abortion = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const stop = (): void => reject(new BanyanError('ABORTED', 'stopped by the user'));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });

/**
 * Runs two datacenters until the signal is aborted (resolves to 0) or one process ends by itself or a step fails
 * (resolves to 1, after telling why). Whatever was started is stopped, last first.
 * Throws `CONFIG_INVALID` and `PORT_IN_USE` before anything is started.
 */
export const runDev = async (options: DevOptions): Promise<0 | 1> => {
  const { clock, timers, random, env } = options;
  const settings = parseDevSettings(env, options.cwd);
  requireNoLeftovers(settings.folder);
  await requireFreePorts(Object.values(settings.ports));
  const folder = openDataFolder(settings.folder, options);
  const secrets = loadSecrets(folder, random);
  const topology = planTopology({ settings, folder, secrets });
  const narrator = new Narrator(options.write, () => clock.now());
  narrator.step(`two datacenters on this machine; state in ${folder.path}`);

  const surroundings = { dist: options.dist, logs: join(folder.path, 'logs'), env: inherited(env), timers };
  const group = new ProcessGroup(folder.path, surroundings);
  const ending = new AbortController();
  const parts = { settings, secrets, topology, group, narrator, timers, nowMs: () => performance.now() };
  const life = async (): Promise<never> => {
    await new Story({ ...parts, signal: ending.signal }).tell();
    narrator.text(whatToTryNext({ settings, folder, secrets, topology, cwd: options.cwd }));
    return abortion(options.signal);
  };
  try {
    return await Promise.race([life(), group.crashed, abortion(options.signal)]);
  } catch (error) {
    if (error instanceof BanyanError && error.code === 'ABORTED') return 0;
    narrator.failure(messageOf(error));
    return 1;
  } finally {
    ending.abort(new BanyanError('ABORTED', 'the run is ending'));
    narrator.step('stopping everything, last started first');
    for (const name of await group.stop()) narrator.warning(`${name} did not stop within 10 s and was killed`);
    narrator.text('stopped.');
  }
};
