import { type Clock, SystemClock, SystemTimers, type Timers } from '@banyan/kernel';
import type { Environment } from '../connection.js';
import { EXIT, type ExitCode } from './exit-codes.js';

/** A stream that text is written to; a terminal says so, and how large it is. */
export type TextStream = NodeJS.WritableStream & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** What one run of the command line stands in: streams, environment, time, and the exit code it will have. */
export interface Surroundings {
  /** Results. */
  readonly output: TextStream;
  /** Everything else: errors, progress, questions. */
  readonly errors: TextStream;
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly env: Environment;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Set by a command that ends with something else than ok without an error. */
  exitCode: ExitCode;
}

/** Those of this process. */
export const processSurroundings = (): Surroundings => ({
  output: process.stdout,
  errors: process.stderr,
  input: process.stdin,
  env: process.env,
  clock: new SystemClock(),
  timers: new SystemTimers(),
  exitCode: EXIT.ok,
});
