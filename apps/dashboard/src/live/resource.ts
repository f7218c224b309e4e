import { type Signal, effect, signal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { ApiError } from '../api/api-error.js';
import { callApi } from '../api/request.js';
import { sessionKey } from '../api/session.js';
import { connection, listen, onReconnect } from './connection.js';
import { CARRIED, type Topic } from './topics.js';

/** What a page shows of a route: the newest answer, and why it is not newer. */
export interface Resource<T> {
  /** The newest answer; it stays while a later request fails. */
  readonly value: T | undefined;
  /** Why the last request failed; undefined after one that did not. */
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
  /** Asks again now. */
  readonly reload: () => void;
}

/** While there is no stream, routes are asked at this interval. */
const POLL_MS = 5_000;
/** Answers of pages that were left are shown at once when they are entered again; so many are kept. */
const KEPT = 24;

interface Stored {
  readonly state: Signal<Omit<Resource<unknown>, 'reload'>>;
  reload: () => void;
  users: number;
  close: (() => void) | undefined;
}

const store = new Map<string, Stored>();
let storedFor = sessionKey.peek();

const EMPTY = { value: undefined, error: undefined, isLoading: true };

/**
 * Follows a route while the component is shown: asked once, then kept current by the events of `topics`. Components that
 * follow the same route share one request. Undefined `path`: nothing is asked yet.
 */
export function useResource<T>(path: string | undefined, ...topics: readonly (Topic | undefined)[]): Resource<T> {
  const key = `${sessionKey.value} ${path ?? ''}`;
  const stored = useMemo(() => entryOf(key, path), [key]);
  useEffect(() => {
    if (path === undefined) return undefined;
    stored.users += 1;
    if (stored.users === 1) stored.close = open(stored, path, topics);
    return () => {
      stored.users -= 1;
      if (stored.users > 0) return;
      stored.close?.();
      stored.close = undefined;
      forgetOldest();
    };
  }, [stored, path, topics.join()]);
  return { ...(stored.state.value as Omit<Resource<T>, 'reload'>), reload: () => stored.reload() };
}

function entryOf(key: string, path: string | undefined): Stored {
  if (storedFor !== sessionKey.peek()) {
    store.clear();
    storedFor = sessionKey.peek();
  }
  const present = store.get(key);
  if (present !== undefined) {
    store.delete(key);
    store.set(key, present);
    return present;
  }
  const stored: Stored = {
    state: signal({ ...EMPTY, isLoading: path !== undefined }),
    reload: () => undefined,
    users: 0,
    close: undefined,
  };
  store.set(key, stored);
  return stored;
}

function forgetOldest(): void {
  for (const [key, { users }] of store) {
    if (store.size <= KEPT) return;
    if (users === 0) store.delete(key);
  }
}

/** Begins to follow; the returned function ends it and whatever is under way. */
function open(stored: Stored, path: string, topics: readonly (Topic | undefined)[]): () => void {
  const closing = new AbortController();
  let isAsking = false;
  let isStale = false;
  const ask = async (): Promise<void> => {
    if (isAsking) {
      isStale = true;
      return;
    }
    isAsking = true;
    stored.state.value = { ...stored.state.peek(), isLoading: true };
    try {
      do {
        isStale = false;
        const value = await callApi<unknown>(path, { signal: closing.signal });
        if (!closing.signal.aborted) stored.state.value = { value, error: undefined, isLoading: false };
      } while (isStale && !closing.signal.aborted);
    } catch (error) {
      if (!closing.signal.aborted)
        stored.state.value = { ...stored.state.peek(), error: ApiError.of(error), isLoading: false };
    } finally {
      isAsking = false;
    }
  };
  stored.reload = () => void ask();
  void ask();
  const ends = [onReconnect(stored.reload), pollWithoutStream(stored.reload)];
  for (const topic of topics) {
    if (topic === undefined) continue;
    const isCarried = CARRIED[topic] === path;
    ends.push(
      listen(topic, (payload) => {
        if (isCarried) stored.state.value = { value: payload, error: undefined, isLoading: false };
        else void ask();
      }),
    );
  }
  return () => {
    closing.abort();
    for (const end of ends) end();
  };
}

function pollWithoutStream(reload: () => void): () => void {
  let timer: ReturnType<typeof setInterval> | undefined;
  const end = effect(() => {
    const isNeeded = connection.value.kind === 'refused';
    if (isNeeded && timer === undefined) timer = setInterval(reload, POLL_MS);
    if (!isNeeded && timer !== undefined) {
      clearInterval(timer);
      timer = undefined;
    }
  });
  return () => {
    end();
    clearInterval(timer);
  };
}
