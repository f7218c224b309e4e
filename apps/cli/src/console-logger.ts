import { type LogFields, Logger, SystemClock } from '@banyan/kernel';
import type { Environment } from './connection.js';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
type Level = (typeof LEVELS)[number];

export interface ConsoleLoggerOptions {
  readonly format: 'json' | 'text';
  readonly lowest: Level;
  readonly write: (line: string) => void;
}

/** One line per event: JSON, or text for a person. */
class ConsoleLogger extends Logger {
  readonly #clock = new SystemClock();

  constructor(private readonly options: ConsoleLoggerOptions) {
    super();
  }

  override debug(message: string, fields?: LogFields): void {
    this.#log('debug', message, fields);
  }
  override info(message: string, fields?: LogFields): void {
    this.#log('info', message, fields);
  }
  override warn(message: string, fields?: LogFields): void {
    this.#log('warn', message, fields);
  }
  override error(message: string, fields?: LogFields): void {
    this.#log('error', message, fields);
  }

  #log(level: Level, message: string, fields: LogFields = {}): void {
    const { format, lowest, write } = this.options;
    if (LEVELS.indexOf(level) < LEVELS.indexOf(lowest)) return;
    const time = new Date(this.#clock.now()).toISOString();
    if (format === 'json') {
      write(`${JSON.stringify({ level, time, msg: message, ...fields })}\n`);
      return;
    }
    const words = Object.entries(fields).flatMap(([name, value]) =>
      value === undefined ? [] : [`${name}=${JSON.stringify(value)}`],
    );
    write(`${[time, level.toUpperCase().padEnd(5), message, ...words].join(' ')}\n`);
  }
}

/** Reads BANYAN_LOG_FORMAT (`text` by default, or `json`) and BANYAN_LOG_LEVEL (`info` by default); writes to stdout. */
export const consoleLogger = (env: Environment): Logger =>
  new ConsoleLogger({
    format: env['BANYAN_LOG_FORMAT'] === 'json' ? 'json' : 'text',
    lowest: LEVELS.find((level) => level === env['BANYAN_LOG_LEVEL']) ?? 'info',
    write: (line) => void process.stdout.write(line),
  });
