import { closeSync, existsSync, openSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';

/** The log file of one process; the one of the run before is kept beside it. */
export class ProcessLog {
  readonly path: string;

  constructor(folder: string, name: string) {
    this.path = join(folder, `${name}.log`);
    if (existsSync(this.path)) renameSync(this.path, join(folder, `${name}.previous.log`));
  }

  /** Calls `use` with a descriptor of the file and closes it afterwards. */
  withDescriptor<T>(use: (descriptor: number) => T): T {
    const descriptor = openSync(this.path, 'a', 0o600);
    try {
      return use(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }

  lastLines(count: number): readonly string[] {
    if (!existsSync(this.path)) return [];
    return readFileSync(this.path, 'utf8').trimEnd().split('\n').slice(-count);
  }
}
