import { PassThrough } from 'node:stream';
import { SystemClock, SystemTimers } from '@banyan/kernel';
import type { Environment } from '../connection.js';
import { runCommandLine } from '../run.js';
import type { ExitCode } from '../session/exit-codes.js';

/** What a run of the command line left. */
export interface CliRun {
  readonly code: ExitCode;
  readonly out: string;
  readonly errors: string;
  /** The text of standard output as JSON. */
  readonly json: () => unknown;
}

const collected = (): { readonly stream: PassThrough; readonly text: () => string } => {
  const chunks: string[] = [];
  const stream = new PassThrough();
  stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  return { stream, text: () => chunks.join('') };
};

/** For tests: one command line in this process, on no terminal. `input` is what stands on standard input. */
export const runCli = async (
  words: readonly string[],
  given: { readonly env?: Environment; readonly input?: string } = {},
): Promise<CliRun> => {
  const [output, errors] = [collected(), collected()];
  const input = new PassThrough();
  input.end(given.input ?? '');
  const code = await runCommandLine(words, {
    output: output.stream,
    errors: errors.stream,
    input,
    env: given.env ?? {},
    clock: new SystemClock(),
    timers: new SystemTimers(),
    exitCode: 0,
  });
  await new Promise((resolve) => setImmediate(resolve));
  return {
    code,
    out: output.text(),
    errors: errors.text(),
    json: () => JSON.parse(output.text()) as unknown,
  };
};
