import { isBanyanError, type Logger, messageOf, SystemTimers } from '@banyan/kernel';
import { PinoLogger, startTracing, type Tracing } from '@banyan/telemetry';

/** Something that runs until it is stopped. */
export interface Running {
  stop(): Promise<void>;
}

/** A stop that takes longer than this is given up: whoever supervises us would kill us anyway. */
const STOP_LIMIT_MS = 15_000;

/** The settings every process has for its log. */
export interface LogSettings {
  readonly BANYAN_LOG_FORMAT: 'json' | 'pretty';
  readonly BANYAN_LOG_LEVEL: 'debug' | 'info' | 'warn' | 'error';
  readonly BANYAN_DATACENTER: string;
  readonly BANYAN_NODE_NAME: string;
}

export interface ProcessTools {
  readonly logger: Logger;
  /** Ends the process from inside, with the reason. */
  readonly fail: (reason: string) => void;
}

/**
 * Runs a process: reads its settings, starts it, stops it once on SIGINT or SIGTERM, and ends with 0, or with 1 and one
 * clear line when it cannot start or fails on the way.
 */
export const runProcess = async <S extends LogSettings>(
  name: string,
  readConfig: () => S,
  start: (settings: S, tools: ProcessTools) => Promise<Running>,
): Promise<void> => {
  let logger: Logger = new PinoLogger({ fields: { process: name } });
  let starting: Promise<Running> | undefined;
  let tracing: Tracing | undefined;
  let stopping = false;
  const stop = (code: number): void => {
    if (stopping) return;
    stopping = true;
    new SystemTimers().set(STOP_LIMIT_MS, () => process.exit(1));
    // A stop during the start waits for it: what was half opened could not be closed.
    void (starting ?? Promise.resolve(undefined))
      .then(
        (running) => running?.stop(),
        () => undefined,
      )
      .then(() => tracing?.stop())
      .catch((error: unknown) => logger.error('stop failed', { reason: messageOf(error) }))
      .finally(() => {
        logger.info('stopped');
        process.exit(code);
      });
  };
  const fail = (reason: string): void => {
    logger.error('the process cannot go on', { reason });
    stop(1);
  };
  // Not `once`: a second signal (a shell and npm each send one) would end the process in the middle of its stop.
  process.on('SIGINT', () => stop(0));
  process.on('SIGTERM', () => stop(0));
  // Node would end the process on the spot, and an embedded database would go on without its owner.
  const unexpected = (error: unknown): void =>
    fail(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.on('unhandledRejection', unexpected);
  process.on('uncaughtException', unexpected);
  try {
    const settings = readConfig();
    logger = loggerOf(name, settings);
    tracing = await startTracing(process.env, tracedProcess(name, settings), logger);
    starting = start(settings, { logger, fail });
    await starting;
  } catch (error) {
    logger.error('the process did not start', {
      code: isBanyanError(error) ? error.code : 'INTERNAL',
      reason: messageOf(error),
      ...(!isBanyanError(error) && error instanceof Error && { stack: error.stack }),
    });
    process.exit(1);
  }
};

const VERSION = '0.1.0';

const tracedProcess = (name: string, settings: LogSettings) => ({
  name,
  datacenter: settings.BANYAN_DATACENTER,
  node: settings.BANYAN_NODE_NAME,
  version: VERSION,
});

const loggerOf = (name: string, settings: LogSettings): Logger =>
  new PinoLogger({
    level: settings.BANYAN_LOG_LEVEL,
    format: settings.BANYAN_LOG_FORMAT === 'pretty' ? 'line' : 'json',
    fields: { process: name, datacenter: settings.BANYAN_DATACENTER, node: settings.BANYAN_NODE_NAME },
  });
