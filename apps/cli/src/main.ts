import { runCommandLine } from './run.js';
import { processSurroundings } from './session/surroundings.js';

/** `banyan … | head` closes the pipe early: that is no failure of ours. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});
process.exitCode = await runCommandLine(process.argv.slice(2), processSurroundings());
