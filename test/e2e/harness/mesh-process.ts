import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The compiled product. */
const DIST = join(dirname(fileURLToPath(import.meta.url)), '../../../dist');

/** One process of the product: its compiled entry below dist, its arguments and the settings it gets. */
export interface ProcessPlan {
  readonly name: string;
  readonly entry: string;
  readonly args?: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** How a process ended: its exit code or the signal that ended it. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Longer than the 15 s after which a process of the product gives up its own stopping. */
const STOP_LIMIT_MS = 20_000;

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** A real process. All its runs append to one log; it can be stopped, killed and started again. */
export class MeshProcess {
  readonly logPath: string;
  #child: ChildProcess | undefined;
  #ended: Promise<Ending> = Promise.resolve({ code: null, signal: null });

  constructor(
    readonly plan: ProcessPlan,
    private readonly folder: string,
  ) {
    mkdirSync(folder, { recursive: true });
    this.logPath = join(folder, `${plan.name}.log`);
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Resolves when the present run has ended, for whatever reason. */
  get ended(): Promise<Ending> {
    return this.#ended;
  }

  start(): void {
    if (this.#child !== undefined) throw new Error(`${this.plan.name} runs already`);
    const log = openSync(this.logPath, 'a');
    const { entry, args = [], env } = this.plan;
    const child = spawn(process.execPath, ['--enable-source-maps', join(DIST, entry), ...args], {
      cwd: this.folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: this.folder, ...env },
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    running.add(child);
    this.#ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        running.delete(child);
        if (this.#child === child) this.#child = undefined;
        resolve({ code, signal });
      };
      child.once('exit', end);
      child.once('error', () => end(null, null));
    });
  }

  /** SIGTERM, and SIGKILL for one that does not heed it. */
  async stop(): Promise<Ending> {
    const child = this.#child;
    child?.kill('SIGTERM');
    const limit = setTimeout(() => child?.kill('SIGKILL'), STOP_LIMIT_MS);
    try {
      return await this.#ended;
    } finally {
      clearTimeout(limit);
    }
  }

  /** kill -9. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** SIGSTOP: it keeps its connections and says nothing, until {@link resume}. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  /** SIGCONT. */
  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  get log(): string {
    return existsSync(this.logPath) ? readFileSync(this.logPath, 'utf8') : '';
  }

  /** The last lines of the log, for a failure's message. */
  logTail(lines: number): string {
    return this.log.trimEnd().split('\n').slice(-lines).join('\n');
  }
}
