import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BanyanError } from '@banyan/kernel';
import { fromWireAudit } from '../domain/audit-entry.js';
import { AuditSink } from '../ports/audit-sink.js';

/** What {@link FileSink} needs. */
export interface FileSinkOptions {
  readonly path: string;
  /** A file that would grow beyond is put aside first. */
  readonly mostBytes: number;
  /** How many files that were put aside are kept: `path.1` is the youngest. At least 1. */
  readonly keep: number;
}

/** Only for whoever runs the server. */
const MODE = 0o600;
/** More than the longest line: two states of 16 Ki characters, each up to 6 bytes. */
const TAIL = 262_144;
const LINE_FEED = 10;

/** JSON lines in a file that is forced to the disk after every write, and put aside when it is full. */
export class FileSink extends AuditSink {
  override readonly name: string;

  constructor(private readonly options: FileSinkOptions) {
    super();
    this.name = `file ${options.path}`;
  }

  override async last(): Promise<number> {
    const { path } = this.options;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return (await lastOf(path)) ?? (await lastOf(`${path}.1`)) ?? 0;
  }

  override async write(lines: string): Promise<void> {
    const bytes = Buffer.from(lines);
    if ((await sizeOf(this.options.path)) + bytes.length > this.options.mostBytes) await this.#putAside();
    // Opened anew each time: whoever moved the file away gets no more lines into it.
    const file = await open(this.options.path, 'a', MODE);
    try {
      await file.appendFile(bytes);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  async #putAside(): Promise<void> {
    const { path, keep } = this.options;
    for (let n = keep - 1; n >= 1; n -= 1) await moved(`${path}.${n}`, `${path}.${n + 1}`);
    await moved(path, `${path}.1`);
  }
}

const sizeOf = async (path: string): Promise<number> => {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
};

const moved = async (from: string, to: string): Promise<void> => {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
};

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

/** The `ServerSeq` of the last whole line; half a line behind it, which a crash left, is cut off. */
const lastOf = async (path: string): Promise<number | undefined> => {
  const size = await sizeOf(path);
  if (size === 0) return undefined;
  const file = await open(path, 'r+');
  try {
    const tail = Buffer.alloc(Math.min(size, TAIL));
    await file.read(tail, 0, tail.length, size - tail.length);
    const end = tail.lastIndexOf(LINE_FEED) + 1;
    if (end < tail.length) await file.truncate(size - tail.length + end);
    if (end === 0) return undefined;
    const begin = end < 2 ? 0 : tail.lastIndexOf(LINE_FEED, end - 2) + 1;
    const entry = fromWireAudit(parsed(tail.toString('utf8', begin, end)));
    if (entry === undefined) throw new BanyanError('AUDIT_BROKEN', `${path} does not end with an entry: move it away`);
    return entry.serverSeq;
  } finally {
    await file.close();
  }
};

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};
