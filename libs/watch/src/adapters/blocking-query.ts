import { BanyanError, type DurationMs, durationMs, MINUTE, type Random, type StateIndex } from '@banyan/kernel';
import type { ChangeFollower } from './change-follower.js';

const DEFAULT_WAIT = durationMs(5 * MINUTE);
const LONGEST_WAIT = durationMs(10 * MINUTE);
/** Clients size their socket timeouts by wait + wait/16: spread at most that far, or their sockets close first. */
const JITTER_DIVISOR = 16;

/** What a caller asked to wait, as it is granted: absent, zero or negative is 5 minutes, and 10 minutes is the most. */
export const waitLimit = (wait?: DurationMs): DurationMs =>
  wait === undefined || wait <= 0 ? DEFAULT_WAIT : durationMs(Math.min(wait, LONGEST_WAIT));

/** One question that may wait for its answer to change. */
export interface BlockingQuery<T> {
  readonly follower: ChangeFollower;
  /** The topics whose changes can change the answer. */
  readonly topics: readonly string[];
  /** The index of the answer the caller has. Absent or 0: answer at once. */
  readonly minIndex?: StateIndex | undefined;
  /** Granted wait, see {@link waitLimit}; up to a sixteenth is added. */
  readonly maxWaitMs: DurationMs;
  readonly signal?: AbortSignal | undefined;
  readonly random: Random;
  /** Reads the answer from memory. */
  readonly read: () => T | Promise<T>;
}

/**
 * Answers when the index of `topics` is greater than `minIndex`, or the time is up: then with the full value and the
 * same index again. The index is never 0, and never newer than the value, so that nothing is missed by asking again
 * with it. Throws `ABORTED`, and what `read` throws.
 */
export const blockingQuery = async <T>(query: BlockingQuery<T>): Promise<{ index: StateIndex; value: T }> => {
  const { follower, topics, minIndex, maxWaitMs, signal } = query;
  if (minIndex !== undefined && minIndex > 0) {
    const jitterMs = (query.random.fraction() * maxWaitMs) / JITTER_DIVISOR;
    await follower.changed(topics, minIndex, maxWaitMs + jitterMs, signal);
  }
  if (signal?.aborted === true) throw new BanyanError('ABORTED', 'the caller went away');
  const index = follower.topicIndex(topics);
  return { index, value: await query.read() };
};
