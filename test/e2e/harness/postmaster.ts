import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.js';

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Process number of the embedded PostgreSQL of a server, while it runs. It outlives a killed server. */
export const postmasterPid = (dataDir: string): number | undefined => {
  try {
    const [line] = readFileSync(join(dataDir, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').split('\n');
    const pid = Number(line);
    return pid > 0 && isAlive(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
};

/** Ends the PostgreSQL that a killed server left behind, if any, and waits until it is gone. */
export const endPostmaster = async (dataDir: string, signal: 'SIGQUIT' | 'SIGKILL'): Promise<void> => {
  const pid = postmasterPid(dataDir);
  if (pid === undefined) return;
  process.kill(pid, signal);
  await eventually(`the PostgreSQL in ${dataDir} ends`, { limitMs: 10_000 }, () => {
    if (isAlive(pid)) throw new Error(`process ${pid} is alive`);
  });
};
