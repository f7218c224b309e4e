import { BanyanError, messageOf } from '@banyan/kernel';
import { CommanderError } from 'commander';
import { acceptSingleDash } from './argv.js';
import { plainText } from './output/plain-text.js';
import { createPaint } from './output/paint.js';
import { createProgram } from './program.js';
import { EXIT, type ExitCode, exitCodeOf } from './session/exit-codes.js';
import { nextStepOf } from './session/next-step.js';
import type { Surroundings } from './session/surroundings.js';

const KEEP_ALIVE_MS = 60_000;

const report = (error: unknown, surroundings: Surroundings, isColored: boolean): ExitCode => {
  const { errors: stream, env } = surroundings;
  const paint = createPaint({ stream, env, isWanted: isColored });
  const lines = messageOf(error).split('\n').map(plainText).join('\n');
  if (!(error instanceof BanyanError)) {
    stream.write(`${paint('bad', 'banyan:')} ${lines}\n`);
    return EXIT.failed;
  }
  const next = nextStepOf(error);
  stream.write(`${paint('bad', 'banyan:')} ${lines} ${paint('quiet', `[${error.code}]`)}\n`);
  if (next !== undefined) stream.write(`  next: ${plainText(next)}\n`);
  return exitCodeOf(error);
};

/**
 * Runs one command line, without the names of Node and the script; gives what the process should end with. Everything it
 * has to say is written to the streams of `surroundings`.
 */
export const runCommandLine = async (words: readonly string[], surroundings: Surroundings): Promise<ExitCode> => {
  const program = createProgram(surroundings);
  // Timers of the kernel let a process end that waits for nothing else; a command that sleeps between two looks is not done.
  const heartbeat = setInterval(() => {}, KEEP_ALIVE_MS);
  try {
    await program.parseAsync(acceptSingleDash(words, program), { from: 'user' });
    return surroundings.exitCode;
  } catch (error) {
    // Commander has printed its text already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return report(error, surroundings, program.opts<{ readonly color: boolean }>().color);
  } finally {
    clearInterval(heartbeat);
  }
};
