import type { Writable } from 'node:stream';
import { AuditSink } from '../ports/audit-sink.js';

/** JSON lines into a stream, such as the process's own output: what was written before the start is not repeated. */
export class StreamSink extends AuditSink {
  constructor(
    override readonly name: string,
    private readonly stream: Writable,
  ) {
    super();
  }

  override last(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  override write(lines: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.stream.write(lines, (error) => (error ? reject(error) : resolve()));
    });
  }
}
