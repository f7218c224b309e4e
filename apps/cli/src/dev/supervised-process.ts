import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { BanyanError, type Timers } from '@banyan/kernel';
import { ProcessLog } from './process-log.js';
import type { ProcessPlan } from './topology.js';

/** How long a process may take to stop after SIGTERM before it is killed. */
const STOP_LIMIT_MS = 10_000;
const LAST_LINES = 15;

export interface Surroundings {
  /** Folder of the compiled entries. */
  readonly dist: string;
  readonly logs: string;
  /** Passed to every process, below its own settings. */
  readonly env: Readonly<Record<string, string>>;
  readonly timers: Timers;
}

/** How a process ended: its exit code or the signal that ended it. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process with its log file. It leads a process group of its own, so that Ctrl-C reaches only the supervisor. */
export class SupervisedProcess {
  readonly #child: ChildProcess;
  readonly #log: ProcessLog;
  /** Resolves when the process has ended, for whatever reason; never rejects. */
  readonly ended: Promise<Ending>;
  #hasEnded = false;
  #isStopping = false;

  constructor(
    readonly plan: ProcessPlan,
    private readonly surroundings: Surroundings,
  ) {
    this.#log = new ProcessLog(surroundings.logs, plan.name);
    this.#child = this.#log.withDescriptor((descriptor) =>
      spawn(process.execPath, ['--enable-source-maps', join(surroundings.dist, plan.entry), ...plan.args], {
        env: { ...surroundings.env, ...plan.env },
        stdio: ['ignore', descriptor, descriptor],
        detached: true,
      }),
    );
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        this.#hasEnded = true;
        resolve({ code, signal });
      };
      this.#child.once('exit', end);
      this.#child.once('error', () => end(null, null));
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get logPath(): string {
    return this.#log.path;
  }

  /** Whether it ended without being asked to. */
  get hasCrashed(): boolean {
    return this.#hasEnded && !this.#isStopping;
  }

  /** What to tell when it ended by itself: how, the last lines of its log, and where the log is. */
  async crashReport(): Promise<BanyanError> {
    const { code, signal } = await this.ended;
    return new BanyanError(
      'INTERNAL',
      `${this.plan.name} ${signal === null ? `exited with code ${code}` : `was ended by ${signal}`}.\n${this.logExcerpt()}`,
    );
  }

  /** The last lines of the log, indented, with the path of the whole. */
  logExcerpt(): string {
    const lines = this.#log.lastLines(LAST_LINES).map((line) => `  | ${line}`);
    return [...lines, `  (whole log: ${this.logPath})`].join('\n');
  }

  /** SIGTERM, then SIGKILL after ten seconds. Resolves to whether SIGTERM was enough. */
  async stop(limitMs = STOP_LIMIT_MS): Promise<boolean> {
    this.#isStopping = true;
    if (this.#hasEnded) return true;
    this.#child.kill('SIGTERM');
    const limit = new AbortController();
    const inTime = await Promise.race([
      this.ended.then(() => true),
      this.surroundings.timers.sleep(limitMs, limit.signal).then(
        () => false,
        () => true,
      ),
    ]);
    limit.abort();
    if (!inTime) {
      this.#child.kill('SIGKILL');
      await this.ended;
    }
    return inTime;
  }
}
