import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

const running = new Set<ChildProcess>();

/** A Node process of the benchmark; it ends with the benchmark at the latest. */
export interface Child {
  readonly pid: number;
  /** What it has written so far, for the report of a failure. */
  output(): string;
  /** Resolves when `pattern` stands in its output. Rejects, with the output, if it ends or takes too long. */
  until(pattern: RegExp, limitMs: number): Promise<RegExpExecArray>;
  stop(): Promise<void>;
}

export const startChild = (script: string, args: readonly string[], env: Readonly<Record<string, string>>): Child => {
  const child = spawn(process.execPath, [script, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => (text += part));
  return {
    pid: child.pid ?? 0,
    output: () => text,
    until: async (pattern, limitMs) => {
      const signal = AbortSignal.timeout(limitMs);
      for (;;) {
        const found = pattern.exec(text);
        if (found !== null) return found;
        if (child.exitCode !== null || signal.aborted) throw new Error(`${script} did not say ${pattern}:\n${text}`);
        await Promise.race([once(child.stdout, 'data', { signal }), once(child, 'exit', { signal })]).catch(() => {});
      }
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
};

process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));
