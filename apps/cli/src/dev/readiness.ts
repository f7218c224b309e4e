import { BanyanError, type Timers } from '@banyan/kernel';
import type { JsonClient } from './json-client.js';

export interface Wait {
  readonly timers: Timers;
  readonly signal: AbortSignal;
  readonly nowMs: () => number;
  readonly limitMs: number;
  readonly pauseMs: number;
}

/** Repeats `attempt` until it gives a value. Throws `TIMEOUT` with what `attempt` said last. */
export const until = async <T>(
  wait: Wait,
  what: string,
  attempt: () => Promise<{ readonly value: T } | { readonly notYet: string }>,
): Promise<T> => {
  const endMs = wait.nowMs() + wait.limitMs;
  for (;;) {
    const outcome = await attempt();
    if ('value' in outcome) return outcome.value;
    if (wait.nowMs() >= endMs) {
      throw new BanyanError(
        'TIMEOUT',
        `${what} took longer than ${wait.limitMs / 1_000} s. Last seen: ${outcome.notYet}`,
      );
    }
    await wait.timers.sleep(wait.pauseMs, wait.signal);
  }
};

/** Waits for GET /readyz to answer 200. */
export const untilReady = (wait: Wait, name: string, client: JsonClient): Promise<void> =>
  until(wait, `waiting for ${name} to become ready`, async () => {
    const answer = await client.probe('/readyz');
    if (answer?.status === 200) return { value: undefined };
    const seen = answer === undefined ? 'no answer' : `${answer.status} ${answer.text.slice(0, 500)}`;
    return { notYet: `/readyz on ${client.address}: ${seen}` };
  });
