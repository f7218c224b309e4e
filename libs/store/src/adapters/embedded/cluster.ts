import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BanyanError } from '@banyan/kernel';
import { commandOf, type LaunchUser, makePrivateFolder } from './launch-user.js';

/** The one role of the embedded database; only its owner can reach the socket, so that no password is needed. */
export const ROLE = 'banyan';

/** Where a cluster's parts are. */
export interface ClusterPlaces {
  readonly binaries: string;
  /** PostgreSQL's own data folder. */
  readonly cluster: string;
  /** PostgreSQL's log. */
  readonly log: string;
}

/**
 * Makes the cluster if there is none: beside its place, then renamed, so that a start that was killed half-way leaves
 * nothing that looks complete. Throws `POSTGRES_START_FAILED`.
 */
export const ensureCluster = async (places: ClusterPlaces, user: LaunchUser): Promise<void> => {
  if (existsSync(join(places.cluster, 'PG_VERSION'))) return;
  const draft = `${places.cluster}.draft`;
  rmSync(draft, { recursive: true, force: true });
  makePrivateFolder(user, draft);
  const { file, args } = commandOf(user, places.binaries, 'initdb', [
    '-D',
    draft,
    `--username=${ROLE}`,
    '--auth=trust',
    '--no-locale',
    '--encoding=UTF8',
    '--no-instructions',
  ]);
  await runToEnd(file, args, places, user);
  rmSync(places.cluster, { recursive: true, force: true });
  renameSync(draft, places.cluster);
};

/** The end of PostgreSQL's log: what it said before it gave up. */
export const logTail = (log: string): string => {
  if (!existsSync(log)) return '';
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-6).join('\n');
};

/** Appends to the log what is written to the descriptor given to `use`. */
export const withLog = <T>(log: string, use: (descriptor: number) => T): T => {
  const descriptor = openSync(log, 'a', 0o600);
  try {
    return use(descriptor);
  } finally {
    closeSync(descriptor);
  }
};

const runToEnd = (file: string, args: string[], places: ClusterPlaces, user: LaunchUser): Promise<void> =>
  new Promise((resolve, reject) => {
    const failed = (reason: string, cause?: unknown): void =>
      reject(
        new BanyanError(
          'POSTGRES_START_FAILED',
          `initdb ${reason}; its log ${places.log} ends:\n${logTail(places.log)}`,
          { cause },
        ),
      );
    const child = withLog(places.log, (log) =>
      spawn(file, args, { ...user.ids, cwd: '/', stdio: ['ignore', 'ignore', log] }),
    );
    child.once('error', (error) => failed(`could not be started (${error.message})`, error));
    child.once('exit', (code, signal) => (code === 0 ? resolve() : failed(`ended with ${code ?? signal}`)));
  });
