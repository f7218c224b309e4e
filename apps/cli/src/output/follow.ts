import { BanyanError, isBanyanError, messageOf } from '@banyan/kernel';
import type { ApiAnswer, ApiRequest } from '../api/api-client.js';
import type { Session } from '../session/session.js';
import { LiveView } from './live-view.js';
import type { View } from './output.js';

const WAIT_MS = 60_000;
/** For routes without an index, and while nobody answers. */
const PAUSE_MS = 1_000;

const TEMPORARY = ['SERVER_UNREACHABLE', 'TIMEOUT', 'ABORTED', 'STORE_UNREACHABLE', 'DATACENTER_UNREACHABLE'] as const;

/** What is followed. */
export interface Followed<T> {
  readonly request: ApiRequest<T>;
  /** Called with every present value; true ends. */
  readonly onValue: (value: T) => boolean;
  /** Called when nobody answers, and with undefined when somebody does again. */
  readonly onLost: (reason: string | undefined) => void;
  readonly signal: AbortSignal;
}

/**
 * Follows a route by blocking queries, or once a second where it has no index, until `onValue` says that it is enough or
 * the signal is aborted, which is no failure. A lost connection is told and tried again; a refusal is thrown.
 */
export const follow = async <T>({ api, surroundings }: Session, followed: Followed<T>): Promise<void> => {
  const { request, signal } = followed;
  let index: number | undefined;
  let isLost = false;
  while (!signal.aborted) {
    try {
      const asked = { ...request, signal };
      const answer: ApiAnswer<T> = await api.watch(asked, { index, waitMs: WAIT_MS });
      if (isLost) followed.onLost(undefined);
      isLost = false;
      if (followed.onValue(answer.value)) return;
      // An index that went back: the server's store was restored, so what was seen counts no more.
      index = answer.index !== undefined && answer.index < (index ?? 0) ? undefined : answer.index;
      if (index === undefined) await surroundings.timers.sleep(PAUSE_MS, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!isBanyanError(error, ...TEMPORARY)) throw error;
      if (!isLost) followed.onLost(messageOf(error));
      isLost = true;
      index = undefined;
      await surroundings.timers.sleep(PAUSE_MS, signal).catch(() => undefined);
    }
  }
};

/**
 * `--watch`: shows a route's value as it changes, in place on a terminal, until Ctrl-C or `isEnd`. As JSON or YAML every
 * change is a document of its own. Gives the last value.
 */
export const watchView = async <T>(
  session: Session,
  watched: { readonly request: ApiRequest<T>; readonly view: View<T>; readonly isEnd?: (value: T) => boolean },
): Promise<T | undefined> => {
  const { out } = session;
  const screen = new LiveView(out.screen);
  let text = '';
  let last: T | undefined;
  await follow(session, {
    request: watched.request,
    signal: session.stop(),
    onValue: (value) => {
      last = value;
      text = out.textOf(value, watched.view);
      if (out.isForPeople) screen.draw(text);
      else out.write(text);
      return watched.isEnd?.(value) === true;
    },
    onLost: (reason) => {
      if (reason === undefined) return;
      if (out.isForPeople && out.isOnTerminal) {
        screen.draw(`${text}${out.paint('bad', 'connection lost, trying again')}: ${reason}\n`);
      } else out.note(`connection lost, trying again: ${reason}`);
    },
  });
  return last;
};

/** A signal of `stop` and of a limit, for `--wait`; the limit's reason is `TIMEOUT` with `text`. */
export const withLimit = (
  session: Session,
  limit: { readonly ms: number; readonly text: string },
): { readonly signal: AbortSignal; readonly end: () => void } => {
  const controller = new AbortController();
  const timer = session.surroundings.timers.set(limit.ms, () => {
    controller.abort(new BanyanError('TIMEOUT', limit.text));
  });
  return { signal: AbortSignal.any([session.stop(), controller.signal]), end: () => timer.clear() };
};
