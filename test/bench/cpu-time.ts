import { existsSync, readFileSync } from 'node:fs';

/** Ticks per second of /proc; 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

/** Whether CPU time of other processes can be read here. */
export const canReadCpuTime = existsSync('/proc/self/stat');

/** Seconds of CPU a process has used, in user and kernel, all its threads. Resolution 10 ms. */
export const cpuSecondsOf = (pid: number): number => {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold spaces; what follows are fields 3 and on.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
};
