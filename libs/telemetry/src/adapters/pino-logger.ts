import { type LogFields, Logger } from '@banyan/kernel';
import { type DestinationStream, pino, type Logger as Pino } from 'pino';
import { formatLine } from '../domain/line-format.js';
import { redactFields, redactText } from '../domain/redact.js';

/** Least important level that is written. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** What {@link PinoLogger} needs. */
export interface PinoLoggerOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** `json`: a record per line, for machines (default). `line`: for a person at a terminal. */
  readonly format?: 'json' | 'line';
  /** On every record: process, datacenter, replica. */
  readonly fields?: LogFields;
  /** Where whole lines go. Default: standard output. */
  readonly destination?: { write(line: string): void };
}

/** Writes log records with pino: constant message, named fields, secrets removed (see `redact.ts`). */
export class PinoLogger extends Logger {
  readonly #pino: Pino;

  constructor(options: PinoLoggerOptions = {}) {
    super();
    const destination: DestinationStream = options.destination ?? process.stdout;
    const stream: DestinationStream =
      options.format === 'line' ? { write: (json: string) => destination.write(formatLine(json)) } : destination;
    this.#pino = pino(
      {
        level: options.level ?? 'info',
        base: redactFields(options.fields ?? {}),
        formatters: { log: (fields) => redactFields(fields) },
        // Errors are made harmless by redactFields, like everything else.
        serializers: { err: (value: unknown) => value },
      },
      stream,
    );
  }

  override debug(message: string, fields: LogFields = {}): void {
    this.#pino.debug(renameOwn(fields), redactText(message));
  }

  override info(message: string, fields: LogFields = {}): void {
    this.#pino.info(renameOwn(fields), redactText(message));
  }

  override warn(message: string, fields: LogFields = {}): void {
    this.#pino.warn(renameOwn(fields), redactText(message));
  }

  override error(message: string, fields: LogFields = {}): void {
    this.#pino.error(renameOwn(fields), redactText(message));
  }
}

/** A field with the name of a record's own part would stand in it twice. */
const renameOwn = (fields: LogFields): LogFields => {
  if (!('level' in fields) && !('time' in fields) && !('msg' in fields)) return fields;
  const { level, time, msg, ...others } = fields;
  return { ...others, ...defined('field_level', level), ...defined('field_time', time), ...defined('field_msg', msg) };
};

const defined = (name: string, value: unknown): LogFields => (value === undefined ? {} : { [name]: value });
