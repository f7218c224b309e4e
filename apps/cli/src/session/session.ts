import type { Command } from 'commander';
import { ApiClient } from '../api/api-client.js';
import { connectionFrom } from '../connection.js';
import { Confirmation } from '../output/confirmation.js';
import { Output } from '../output/output.js';
import { createPaint } from '../output/paint.js';
import { untilStopSignal } from '../stop-signal.js';
import type { GlobalOptions } from './global-options.js';
import type { Surroundings } from './surroundings.js';

/** What the action of a command works with. */
export interface Session {
  /** The agent or server that the options name. */
  readonly api: ApiClient;
  /** Results and notes. */
  readonly out: Output;
  /** Questions that want a typed word. */
  readonly confirmation: Confirmation;
  readonly surroundings: Surroundings;
  /** Aborted by Ctrl-C or SIGTERM; asking for it turns Ctrl-C from "end at once" into "end in order". */
  readonly stop: () => AbortSignal;
}

const openSession = (surroundings: Surroundings, options: GlobalOptions): Session => {
  const { env, output, errors, input, timers } = surroundings;
  let stop: AbortSignal | undefined;
  return {
    api: new ApiClient({ connection: connectionFrom(options, env), datacenter: options.datacenter, timers }),
    out: new Output({
      format: options.output,
      output,
      errors,
      paint: createPaint({ stream: output, env, isWanted: options.color }),
    }),
    confirmation: new Confirmation({ input, errors }),
    surroundings,
    stop: () => (stop ??= untilStopSignal()),
  };
};

/**
 * The action of a command: opens a session from the options, gives it to `work` with the command's own options and its
 * arguments in their order, and closes it.
 */
export const inSession =
  <Options extends object, Args extends readonly unknown[] = readonly []>(
    surroundings: Surroundings,
    work: (session: Session, options: Options & GlobalOptions, ...args: Args) => Promise<void>,
  ) =>
  async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const options = command.optsWithGlobals<Options & GlobalOptions>();
    const session = openSession(surroundings, options);
    try {
      await work(session, options, ...(command.processedArgs as unknown as Args));
    } finally {
      session.api.close();
    }
  };
