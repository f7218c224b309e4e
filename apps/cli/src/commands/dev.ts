import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import { Command } from 'commander';
import { runDev } from '../dev/run-dev.js';
import type { Surroundings } from '../session/surroundings.js';
import { untilStopSignal } from '../stop-signal.js';

/** This file is dist/apps/cli/src/commands/dev.js once compiled. */
const DIST = join(dirname(fileURLToPath(import.meta.url)), '../../../..');

const EXAMPLES = `
Examples:
  banyan dev                                 two datacenters in ./.banyan, until Ctrl-C
  banyan dev --fresh                         the same, from nothing
  BANYAN_DEV_PORT_OFFSET=10000 banyan dev    a second pair beside the first (with another BANYAN_DATA_DIR)
`;

/** `banyan dev`: what `npm start` runs. */
export const devCommand = (surroundings: Surroundings): Command =>
  new Command('dev')
    .description('run two datacenters, two demo services and their sidecars on this machine')
    .option('--fresh', 'delete what an earlier run left in the data folder and start over', false)
    .addHelpText('after', EXAMPLES)
    .action(async (options: { readonly fresh: boolean }) => {
      const stop = untilStopSignal();
      surroundings.exitCode = await runDev({
        fresh: options.fresh,
        env: process.env,
        cwd: process.cwd(),
        dist: DIST,
        signal: stop,
        write: (text) => void process.stdout.write(text),
        clock: new SystemClock(),
        timers: new SystemTimers(),
        random: new SystemRandom(),
      });
    });
