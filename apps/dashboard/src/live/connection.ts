import { signal } from '@preact/signals';
import { ApiError } from '../api/api-error.js';
import { send } from '../api/request.js';
import { SseParser, type StreamEvent } from './sse-parser.js';
import { isTopic, type Topic, TOPICS } from './topics.js';

/** How the page stands with its server. */
export type ConnectionState =
  | { readonly kind: 'idle' | 'connecting' | 'open' }
  /** The stream ended or never began; the next attempt is at `retryAtMs` (the page's clock). */
  | { readonly kind: 'lost'; readonly retryAtMs: number; readonly reason: string }
  /** This token may not follow changes, or the server has no stream: pages ask again at intervals. */
  | { readonly kind: 'refused'; readonly reason: string };

export const connection = signal<ConnectionState>({ kind: 'idle' });

/** The page's clock, in milliseconds, at the last sign of life of the stream. */
export const lastHeardMs = signal(0);

type Listener = (payload: unknown) => void;
const listeners = new Map<Topic, Set<Listener>>();
const reconnected = new Set<() => void>();

/** Three heartbeats of 15 s were missed. */
const SILENCE_MS = 45_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 10_000;

/** Calls back with the data of each event of a topic, until the returned function is called. */
export function listen(topic: Topic, listener: Listener): () => void {
  const of = listeners.get(topic) ?? new Set();
  listeners.set(topic, of.add(listener));
  return () => of.delete(listener);
}

/** Calls back each time the stream is there again after it was lost: what was missed has to be fetched. */
export function onReconnect(listener: () => void): () => void {
  reconnected.add(listener);
  return () => reconnected.delete(listener);
}

let attempt: AbortController | undefined;
let wake: (() => void) | undefined;

/** Opens the stream under the present token and keeps it open until `disconnect`. */
export function connect(): void {
  disconnect();
  const mine = new AbortController();
  attempt = mine;
  void follow(mine.signal);
}

export function disconnect(): void {
  attempt?.abort();
  attempt = undefined;
  connection.value = { kind: 'idle' };
}

/** Tries at once instead of waiting out the pause. */
export const retryNow = (): void => wake?.();

async function follow(signal: AbortSignal): Promise<void> {
  let pauseMs = FIRST_RETRY_MS;
  let wasLost = false;
  connection.value = { kind: 'connecting' };
  while (!signal.aborted) {
    let reason = 'The server ended the stream.';
    try {
      await readStream(signal, () => {
        pauseMs = FIRST_RETRY_MS;
        connection.value = { kind: 'open' };
        if (wasLost) for (const listener of reconnected) listener();
      });
    } catch (error) {
      if (signal.aborted) return;
      const { kind, message } = ApiError.of(error);
      if (kind === 'denied' || kind === 'not-found') {
        connection.value = { kind: 'refused', reason: message };
        return;
      }
      reason = kind === 'unreachable' ? 'The server does not answer.' : message;
    }
    if (signal.aborted) return;
    wasLost = true;
    connection.value = { kind: 'lost', retryAtMs: Date.now() + pauseMs, reason };
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, LAST_RETRY_MS);
  }
}

async function readStream(outer: AbortSignal, opened: () => void): Promise<void> {
  const silence = new AbortController();
  const silent = (): void => silence.abort(new ApiError(0, 'SILENT', 'The server has fallen silent.'));
  let timer = setTimeout(silent, SILENCE_MS);
  try {
    const signal = AbortSignal.any([outer, silence.signal]);
    const response = await send(`/v1/operator/events?topics=${TOPICS.join(',')}`, { signal });
    if (response.body === null) return;
    opened();
    const parser = new SseParser();
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      clearTimeout(timer);
      timer = setTimeout(silent, SILENCE_MS);
      lastHeardMs.value = Date.now();
      for (const event of parser.push(chunk)) dispatch(event);
    }
  } finally {
    clearTimeout(timer);
  }
}

function dispatch({ event, data }: StreamEvent): void {
  if (event === 'error') {
    const { Code = 'FAILED', Message = 'The server ended the stream.' } = JSON.parse(data) as Record<string, string>;
    throw new ApiError(Code === 'PERMISSION_DENIED' || Code === 'TOKEN_NOT_FOUND' ? 403 : 500, Code, Message);
  }
  if (!isTopic(event)) return;
  const payload: unknown = JSON.parse(data);
  for (const listener of listeners.get(event) ?? []) listener(payload);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      wake = undefined;
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    wake = done;
  });
}
