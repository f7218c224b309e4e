import {
  type Backoff,
  backoffDelayMs,
  BanyanError,
  contentHash,
  type Logger,
  messageOf,
  type Random,
  type Timers,
} from '@banyan/kernel';
import type { AgentAnswer, AgentHttpClient } from './agent-http-client.js';

const WAIT_SECONDS = 60;
/** The agent adds up to a sixteenth to the wait; the rest is for the way there and back. */
const WAIT_LIMIT_MS = (WAIT_SECONDS + WAIT_SECONDS / 16 + 10) * 1_000;
/** Short at the top as well: after a restart of the agent everything should be current within seconds. */
const BACKOFF: Backoff = { firstMs: 200, capMs: 5_000 };
/** An answer without anything new that comes sooner than the wait must not make a busy loop. */
const IDLE_PAUSE_MS = 1_000;

/** Logs once when the agent stops answering and once when it answers again, over all watches together. */
export class AgentPresence {
  #isAway = false;

  constructor(
    private readonly address: string,
    private readonly logger: Logger,
  ) {}

  answered(): void {
    if (this.#isAway) this.logger.info('agent is back', { agent: this.address });
    this.#isAway = false;
  }

  missed(reason: string): void {
    if (!this.#isAway) this.logger.warn('agent is away; retrying', { agent: this.address, reason });
    this.#isAway = true;
  }
}

export interface AgentWatchOptions {
  readonly client: AgentHttpClient;
  readonly presence: AgentPresence;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** How to ask for the next value: by index (most of the API) or by content hash (a service of the agent). */
export type WatchForm = 'index' | 'hash';

export interface WatchRequest<T> {
  readonly name: string;
  readonly path: string;
  readonly form: WatchForm;
  readonly read: (body: string) => T;
  readonly signal: AbortSignal;
}

const cursorOf = (form: WatchForm, answer: AgentAnswer, previous: string | undefined): string | undefined => {
  if (form === 'hash') return answer.contentHash;
  // An index that goes backwards means that the other side was restored: start over (rules of blocking queries).
  const wentBack = previous !== undefined && (answer.index ?? 0) < Number(previous);
  return wentBack || answer.index === undefined ? undefined : String(answer.index);
};

const pathWith = (request: WatchRequest<unknown>, cursor: string | undefined): string => {
  if (cursor === undefined) return request.path;
  const separator = request.path.includes('?') ? '&' : '?';
  return `${request.path}${separator}${request.form}=${encodeURIComponent(cursor)}&wait=${WAIT_SECONDS}s`;
};

const isAbsence = (error: unknown): boolean =>
  error instanceof BanyanError && (error.code === 'SERVER_UNREACHABLE' || error.code === 'TIMEOUT');

/**
 * The present value of one endpoint and then each different one, by blocking queries. After any failure the next
 * request does not block: the agent may have started anew, with smaller indexes. Ends when the signal is aborted.
 */
export async function* watchAgent<T>(options: AgentWatchOptions, request: WatchRequest<T>): AsyncGenerator<T> {
  const { client, presence, timers, random, logger } = options;
  const { signal } = request;
  let cursor: string | undefined;
  let seenHash: string | undefined;
  let failures = 0;
  let lastReason = '';
  while (!signal.aborted) {
    let pauseMs = 0;
    try {
      const answer = await client.ask({
        method: 'GET',
        path: pathWith(request, cursor),
        limitMs: WAIT_LIMIT_MS,
        signal,
      });
      presence.answered();
      if (answer.status !== 200) throw refusal(request.name, answer);
      const hash = contentHash(answer.body);
      const isNews = hash !== seenHash;
      const value = isNews ? request.read(answer.body) : undefined;
      const next = cursorOf(request.form, answer, cursor);
      if (!isNews && next === cursor) pauseMs = IDLE_PAUSE_MS;
      cursor = next;
      failures = 0;
      lastReason = '';
      if (isNews) {
        seenHash = hash;
        yield value as T;
      }
    } catch (error) {
      if (signal.aborted) return;
      cursor = undefined;
      failures += 1;
      pauseMs = backoffDelayMs(BACKOFF, failures, random);
      const reason = messageOf(error);
      if (isAbsence(error)) presence.missed(reason);
      else if (reason !== lastReason) logger.warn('watch failed; retrying', { watch: request.name, reason });
      lastReason = reason;
    }
    if (pauseMs > 0) await timers.sleep(pauseMs, signal).catch(() => undefined);
  }
}

/** The text of an error answer is for people; only its beginning is kept. */
const refusal = (name: string, answer: AgentAnswer): BanyanError =>
  new BanyanError(
    answer.status === 403 ? 'PERMISSION_DENIED' : 'SERVER_UNREACHABLE',
    `the agent answered ${answer.status} for ${name}: ${answer.body.slice(0, 300).trim()}`,
  );
