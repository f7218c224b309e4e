/** Named values beside a constant message: names, ids, fingerprints, counts, never a secret. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where rooms log to. The adapter (pino) lives in the telemetry room. */
export abstract class Logger {
  abstract debug(message: string, fields?: LogFields): void;
  abstract info(message: string, fields?: LogFields): void;
  abstract warn(message: string, fields?: LogFields): void;
  abstract error(message: string, fields?: LogFields): void;
}

/** Discards everything. */
export class SilentLogger extends Logger {
  override debug(): void {}
  override info(): void {}
  override warn(): void {}
  override error(): void {}
}
