import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A PostgreSQL server that runs on a data folder. */
export interface Postmaster {
  readonly pid: number;
  /** Where its socket is. */
  readonly socketFolder: string;
}

/**
 * Who serves the data folder now. A `postmaster.pid` that a crash left behind is removed: PostgreSQL would refuse to
 * start if its number was given to another process meanwhile.
 */
export const findPostmaster = (cluster: string): Postmaster | undefined => {
  const file = join(cluster, 'postmaster.pid');
  const lines = readLines(file);
  if (lines === undefined) return undefined;
  // Lines of the file: pid, data folder, start time, port, socket folder, listen address, shared memory key, status.
  const pid = Number(lines[0]);
  if (Number.isSafeInteger(pid) && pid > 0 && isPostmaster(pid, cluster)) return { pid, socketFolder: lines[4] ?? '' };
  rmSync(file, { force: true });
  return undefined;
};

/** Whether the process lives. A finished child that nobody waited for does not. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  const stat = `/proc/${pid}/stat`;
  // The state stands after the name, which is in brackets and may hold anything.
  return !existsSync(stat) || !/\) Z /.test(readText(stat) ?? '');
};

const isPostmaster = (pid: number, cluster: string): boolean => {
  if (!isAlive(pid)) return false;
  // Outside Linux a live number has to be believed.
  return process.platform !== 'linux' || (readText(`/proc/${pid}/cmdline`)?.includes(cluster) ?? false);
};

const readLines = (file: string): string[] | undefined => readText(file)?.split('\n');

const readText = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
};
