import { chownSync, lstatSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { BanyanError } from '@banyan/kernel';

/** Under which user PostgreSQL's programs run, and how they are called. */
export interface LaunchUser {
  /** Put before the program. */
  readonly prefix: readonly string[];
  /** The ids to start the program with, and to give its folders to; absent: our own. */
  readonly ids?: { readonly uid: number; readonly gid: number };
}

/** The "nobody" of every distribution. */
const NOBODY = 65_534;

/**
 * PostgreSQL refuses to run as root. So as root: as `postgres` or `nobody`, or, where that user cannot reach the files,
 * inside a user namespace in which root is called something else.
 */
export const chooseLaunchUser = (binaries: string, folder: string): LaunchUser => {
  if (process.platform === 'win32' || process.getuid?.() !== 0) return { prefix: [] };
  const ids = passwdEntry('postgres') ?? passwdEntry('nobody');
  if (ids !== undefined && othersCanTraverse(binaries) && othersCanTraverse(folder)) return { prefix: [], ids };
  const id = String(ids?.uid ?? NOBODY);
  return { prefix: ['unshare', '-U', `--map-user=${id}`, `--map-group=${id}`] };
};

/** The program and its arguments, as `spawn` wants them. */
export const commandOf = (
  user: LaunchUser,
  binaries: string,
  program: string,
  args: readonly string[],
): { readonly file: string; readonly args: string[] } => {
  const path = join(binaries, program);
  const [file, ...rest] = [...user.prefix, path, ...args];
  return { file: file ?? path, args: rest };
};

/**
 * Makes a folder that only PostgreSQL's user can enter. Throws `POSTGRES_START_FAILED` if somebody else's folder or link
 * is there: in a temporary folder everybody can put one.
 */
export const makePrivateFolder = (user: LaunchUser, folder: string): void => {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  const self = process.getuid?.() ?? found.uid;
  const owners = [self, user.ids?.uid];
  if (!found.isDirectory() || !owners.includes(found.uid) || (found.mode & 0o022) !== 0) {
    throw new BanyanError(
      'POSTGRES_START_FAILED',
      `${folder} belongs to somebody else or can be written by others; remove it`,
    );
  }
  if (user.ids !== undefined) chownSync(folder, user.ids.uid, user.ids.gid);
};

const passwdEntry = (name: string): { uid: number; gid: number } | undefined => {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((candidate) => candidate.startsWith(`${name}:`));
  const fields = line?.split(':');
  return fields === undefined ? undefined : { uid: Number(fields[2]), gid: Number(fields[3]) };
};

const othersCanTraverse = (path: string): boolean => {
  for (let folder = resolve(path); ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
};
