import { isBanyanError, messageOf } from '@banyan/kernel';
import { CommanderError } from 'commander';
import { acceptSingleDash } from './argv.js';
import { createProgram } from './program.js';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

const program = createProgram();
try {
  await program.parseAsync(acceptSingleDash(process.argv.slice(2), program), { from: 'user' });
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE; // commander has printed the text already
  } else {
    const code = isBanyanError(error) ? ` [${error.code}]` : '';
    process.stderr.write(`banyan: ${messageOf(error)}${code}\n`);
    process.exitCode = EXIT_FAILED;
  }
}
