import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BanyanError } from '@banyan/kernel';
import { type Surroundings, SupervisedProcess } from './supervised-process.js';
import type { ProcessPlan } from './topology.js';

const PID_FILE = 'running.json';

interface RunningRecord {
  readonly name: string;
  readonly pid: number;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** Throws `CONFIG_INVALID` when processes of an earlier run over the same folder are still alive, naming their pids. */
export const requireNoLeftovers = (folder: string): void => {
  const pidFile = join(folder, PID_FILE);
  if (!existsSync(pidFile)) return;
  const records = JSON.parse(readFileSync(pidFile, 'utf8')) as readonly RunningRecord[];
  const alive = records.filter(({ pid }) => isAlive(pid));
  if (alive.length === 0) return;
  const names = alive.map(({ name, pid }) => `${name} (${pid})`).join(', ');
  throw new BanyanError(
    'CONFIG_INVALID',
    `an earlier run over this data folder is still alive: ${names}.\n` +
      `  Press Ctrl-C where it runs, or stop what it left behind: kill ${alive.map(({ pid }) => pid).join(' ')}\n` +
      `  If those are other programs by now, delete ${pidFile}`,
  );
};

/** All processes of a run, in the order they were started; stopped in reverse. */
export class ProcessGroup {
  readonly #processes: SupervisedProcess[] = [];
  readonly #pidFile: string;
  #reportCrash: (error: BanyanError) => void = () => {};
  /** Rejects when a process ends by itself; never resolves. */
  readonly crashed: Promise<never>;

  constructor(
    folder: string,
    private readonly surroundings: Surroundings,
  ) {
    this.#pidFile = join(folder, PID_FILE);
    this.crashed = new Promise((_, reject) => {
      this.#reportCrash = reject;
    });
    this.crashed.catch(() => {}); // whoever races it sees the rejection; nobody has to
  }

  start(plan: ProcessPlan): SupervisedProcess {
    const started = new SupervisedProcess(plan, this.surroundings);
    this.#processes.push(started);
    this.#writePids();
    void started.ended.then(async () => {
      if (started.hasCrashed) this.#reportCrash(await started.crashReport());
    });
    return started;
  }

  /** Stops all, last started first. Resolves to the names of those that had to be killed. */
  async stop(): Promise<readonly string[]> {
    const killed: string[] = [];
    for (const running of this.#processes.toReversed()) {
      if (!(await running.stop())) killed.push(running.plan.name);
    }
    rmSync(this.#pidFile, { force: true });
    return killed;
  }

  #writePids(): void {
    const records = this.#processes.map(({ plan, pid }) => ({ name: plan.name, pid }));
    writeFileSync(
      this.#pidFile,
      `${JSON.stringify([{ name: 'banyan dev', pid: process.pid }, ...records], null, 2)}\n`,
    );
  }
}
