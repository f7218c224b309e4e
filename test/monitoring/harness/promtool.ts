import { spawnSync } from 'node:child_process';

/** Runs `promtool` and returns all it said; throws that when it found something wrong. */
export const promtool = (args: readonly string[], cwd: string): string => {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { cwd, encoding: 'utf8' });
  if (error !== undefined) throw new Error(`${MISSING} (${error.message})`);
  if (status !== 0) throw new Error(`promtool ${args.join(' ')}: ${stdout}${stderr}`);
  return `${stdout}${stderr}`;
};

/** What to do when Prometheus is not on this machine. */
export const MISSING = 'Prometheus is not installed: apt-get install prometheus (Debian), which brings promtool, too';
