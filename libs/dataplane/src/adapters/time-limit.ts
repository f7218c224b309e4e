import { BanyanError, type Timers } from '@banyan/kernel';

/** A signal that is aborted by its parent or after a time, whichever is first; `end` frees what it holds. */
export interface TimeLimit {
  readonly signal: AbortSignal;
  end(): void;
}

/** The reason of an abort by time is a `TIMEOUT` that says `what` took too long. */
export const timeLimit = (timers: Timers, limitMs: number, what: string, parent?: AbortSignal): TimeLimit => {
  const controller = new AbortController();
  const follow = (): void => controller.abort(parent?.reason);
  if (parent?.aborted) follow();
  else parent?.addEventListener('abort', follow, { once: true });
  const timer = timers.set(limitMs, () => {
    controller.abort(new BanyanError('TIMEOUT', `${what} took longer than ${Math.round(limitMs)} ms`));
  });
  return {
    signal: controller.signal,
    end: () => {
      timer.clear();
      parent?.removeEventListener('abort', follow);
    },
  };
};
