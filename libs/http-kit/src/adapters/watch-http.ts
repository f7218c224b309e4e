import type { SecretText } from '@banyan/kernel';
import type { INestApplication } from '@nestjs/common';
import { type InjectedAnswer, type InjectedRequest, injectHttp } from './inject-http.js';

/** One state of a watched resource. */
export interface WatchedAnswer {
  /** The answer's index; 0 when it has none (an error). */
  readonly index: number;
  readonly status: number;
  readonly body: Buffer;
}

/** Options of {@link watchHttp}. */
export interface WatchHttpOptions {
  readonly app: INestApplication;
  /** Path and query, without `index`, `wait` and `token`. */
  readonly path: string;
  readonly token: SecretText | undefined;
  readonly signal: AbortSignal;
  /** See `InjectedRequest`. */
  readonly origin?: NonNullable<InjectedRequest['origin']>;
}

/**
 * Follows a resource by repeated blocking queries through the edge, and gives every state that differs from the last
 * one. An index that goes back starts over at 0, as clients do. Ends after the first error answer, which it still gives:
 * whether to come back, and when, is the caller's to decide. Rejects with `ABORTED` when `signal` is aborted.
 */
export async function* watchHttp(options: WatchHttpOptions): AsyncIterable<WatchedAnswer> {
  let index = 0;
  let last: WatchedAnswer | undefined;
  for (;;) {
    const answer = watched(await ask(options, index));
    if (last === undefined || answer.index !== last.index || !answer.body.equals(last.body)) yield answer;
    if (answer.status !== 200 || answer.index === 0) return;
    index = answer.index < index ? 0 : answer.index;
    last = answer;
  }
}

const ask = (options: WatchHttpOptions, index: number): Promise<InjectedAnswer> => {
  const separator = options.path.includes('?') ? '&' : '?';
  return injectHttp(options.app, {
    method: 'GET',
    path: index === 0 ? options.path : `${options.path}${separator}index=${index}&wait=5m`,
    headers: options.token === undefined ? {} : { 'x-consul-token': options.token.reveal() },
    signal: options.signal,
    ...(options.origin !== undefined && { origin: options.origin }),
  });
};

const watched = (answer: InjectedAnswer): WatchedAnswer => ({
  index: Number(answer.headers['x-consul-index'] ?? 0),
  status: answer.status,
  body: answer.body,
});
