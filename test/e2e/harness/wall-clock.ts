import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), 'clock');
const PRELOAD = pathToFileURL(join(SOURCES, 'wall-clock.mjs')).href;
const SHIFT_BYTES = 8;

/** The wall clock of one process (and of its children), which the test moves while the process runs. */
export class WallClock {
  private constructor(
    private readonly file: string,
    /** What the process has to be started with. */
    readonly env: Readonly<Record<string, string>>,
  ) {}

  /** A clock that is right until {@link aheadBy} says otherwise. `folder` can be entered by other users. */
  static create(folder: string, owner: string): WallClock {
    const file = join(folder, `${owner}.clock`);
    writeFileSync(file, Buffer.alloc(SHIFT_BYTES), { mode: 0o644 });
    const library = shiftLibrary(folder);
    return new WallClock(file, {
      BANYAN_E2E_CLOCK: file,
      ...(library === undefined ? { NODE_OPTIONS: `--import ${PRELOAD}` } : { LD_PRELOAD: library }),
    });
  }

  /** From now on the clock is `ms` ahead of the machine's, or behind it when that is negative. */
  aheadBy(ms: number): void {
    const bytes = Buffer.alloc(SHIFT_BYTES);
    bytes.writeBigInt64LE(BigInt(ms));
    const file = openSync(this.file, 'r+');
    writeSync(file, bytes, 0, SHIFT_BYTES, 0);
    closeSync(file);
  }
}

/**
 * A library that shifts what the whole process sees, OpenSSL included; undefined where none can be made (no Linux, no C
 * compiler, or BANYAN_E2E_CLOCK_BY=node): then only JavaScript's clock is shifted.
 */
const shiftLibrary = (folder: string): string | undefined => {
  if (process.platform !== 'linux' || process.env['BANYAN_E2E_CLOCK_BY'] === 'node') return undefined;
  const library = join(folder, 'wall-clock.so');
  if (existsSync(library)) return library;
  try {
    execFileSync('cc', ['-O2', '-shared', '-fPIC', '-o', library, join(SOURCES, 'wall-clock.c')], { stdio: 'pipe' });
    return library;
  } catch {
    return undefined;
  }
};
