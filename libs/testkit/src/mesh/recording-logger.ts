import { type LogFields, Logger } from '@banyan/kernel';

export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

/** Keeps every line, for a test to look at. */
export class RecordingLogger extends Logger {
  readonly lines: LogLine[] = [];

  override debug(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'debug', message, fields });
  }
  override info(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'info', message, fields });
  }
  override warn(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'warn', message, fields });
  }
  override error(message: string, fields: LogFields = {}): void {
    this.lines.push({ level: 'error', message, fields });
  }

  /** The fields of every line with this message. */
  of(message: string): readonly LogFields[] {
    return this.lines.filter((line) => line.message === message).map((line) => line.fields);
  }
}
