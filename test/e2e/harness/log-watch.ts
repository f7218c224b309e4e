import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { MeshProcess } from './mesh-process.js';

/** A line of a log, as it was written. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg?: string };

const EVERY_MS = 3;

/** Waits for the first line from now on for which `isIt` holds. Undefined when `signal` comes first. */
export const nextLine = async (
  { logPath }: MeshProcess,
  isIt: (line: LogLine) => boolean,
  signal: AbortSignal,
): Promise<LogLine | undefined> => {
  const file = openSync(logPath, 'r');
  try {
    let from = fstatSync(file).size;
    let rest = '';
    while (!signal.aborted) {
      const { size } = fstatSync(file);
      const chunk = Buffer.alloc(size - from);
      from += readSync(file, chunk, 0, chunk.length, from);
      const lines = (rest + chunk.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      const found = lines.map(parsed).find((line) => line !== undefined && isIt(line));
      if (found !== undefined) return found;
      await pause(EVERY_MS);
    }
    return undefined;
  } finally {
    closeSync(file);
  }
};

/** Undefined for what the runtime itself wrote. */
const parsed = (line: string): LogLine | undefined => {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
};
