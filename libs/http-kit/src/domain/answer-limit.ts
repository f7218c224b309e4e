/** The longest blocking query with its jitter (10 m + 1/16), and a little. */
const BLOCKING_MS = 650_000;
/** A read that does not wait is answered from memory; whoever needs longer is not there. */
const READ_MS = 10_000;
/** A write may be sent on to the primary and wait until it has come back. */
const WRITE_MS = 40_000;

/** How long a process waits for the answer to a request it carries to another one, in ms. */
export const answerLimitMs = (method: string, path: string): number => {
  if (method !== 'GET') return WRITE_MS;
  return /[?&]index=0*[1-9]/.test(path) ? BLOCKING_MS : READ_MS;
};
