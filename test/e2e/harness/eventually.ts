import { setTimeout as pause } from 'node:timers/promises';

/** How long to go on trying, and how long to rest between two tries. */
export interface Patience {
  readonly limitMs: number;
  readonly everyMs?: number;
}

const EVERY_MS = 40;

/** Thrown by an attempt when trying again is of no use. */
export class Hopeless extends Error {}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Repeats `attempt` until it does not throw, and returns its value. Fails after `limitMs` with `what` and what the last
 * attempt threw. An attempt may be under way when the limit passes; it is given its own time.
 */
export const eventually = async <T>(
  what: string,
  { limitMs, everyMs = EVERY_MS }: Patience,
  attempt: () => Promise<T> | T,
): Promise<T> => {
  const startedAt = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof Hopeless) throw new Error(`${what}: ${error.message}`, { cause: error });
      if (performance.now() - startedAt >= limitMs) {
        throw new Error(`${what}: not within ${limitMs} ms. Last: ${textOf(error)}`, { cause: error });
      }
    }
    await pause(everyMs);
  }
};

/** What `work` returned and how long it took, in ms. */
export const timed = async <T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly tookMs: number }> => {
  const startedAt = performance.now();
  return { value: await work(), tookMs: performance.now() - startedAt };
};
