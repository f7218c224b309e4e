import { requirePermission } from '@banyan/acl';
import { CallerResolver, type HttpCall } from '@banyan/http-kit';
import { isBanyanError, messageOf, Timers } from '@banyan/kernel';
import { ChangeFollower } from '@banyan/watch';
import { Injectable } from '@nestjs/common';
import { eventFrame, HEARTBEAT_FRAME, OPENING_FRAME } from '../domain/event-frame.js';
import type { EventTopic, TopicState } from '../domain/event-topics.js';
import { EventHub, type HubTicket } from './event-hub.js';
import { Wakeup } from './wakeup.js';

const HEARTBEAT_MS = 15_000;
/** How long an answer to {@link EventStreams.changes} waits: below the limit of what is carried between processes (10 s). */
const CHANGES_WAIT_MS = 8_000;

/** What a caller follows. */
export interface EventRequest {
  readonly topics: readonly EventTopic[];
  readonly call: HttpCall;
}

/**
 * What happens in this datacenter, for whoever may read operator. A stream pulls: it takes the newest state of each topic
 * when its reader takes more, so that a slow reader costs nothing and skips what is past.
 */
@Injectable()
export class EventStreams {
  constructor(
    private readonly hub: EventHub,
    private readonly follower: ChangeFollower,
    private readonly callers: CallerResolver,
    private readonly timers: Timers,
  ) {}

  /**
   * Server-sent events until the reader leaves; every topic is told once at the start. The last event is `error` when the
   * token loses its permission (`PERMISSION_DENIED`) or the server stops (`ABORTED`). Throws `RATE_LIMITED`.
   */
  async *stream(request: EventRequest): AsyncGenerator<string> {
    const wakeup = new Wakeup(this.timers);
    const place = this.#enter(request, wakeup);
    const told = new Map<EventTopic, string>();
    try {
      yield OPENING_FRAME;
      for (;;) {
        const end = await this.#endOf(request.call);
        if (end !== undefined) {
          yield eventFrame('error', JSON.stringify(end));
          return;
        }
        const state = nextOf(place.ticket, told);
        if (state !== undefined) {
          told.set(state.topic, state.hash);
          yield eventFrame(state.event, state.json);
        } else {
          await wakeup.wait(HEARTBEAT_MS, request.call.signal);
          // Woken for nothing that is told (a token changed) counts as quiet, too: many of them must not silence the stream.
          if (nextOf(place.ticket, told) === undefined && !request.call.signal.aborted) yield HEARTBEAT_FRAME;
        }
      }
    } finally {
      place.leave();
    }
  }

  /**
   * The topics whose state is another than the held one; waits up to 8 s until there is one. Throws `PERMISSION_DENIED`,
   * `ABORTED`, `RATE_LIMITED`.
   */
  async changes(request: EventRequest, held: ReadonlyMap<EventTopic, string>): Promise<readonly TopicState[]> {
    const wakeup = new Wakeup(this.timers);
    const place = this.#enter(request, wakeup);
    let isLast = false;
    const limit = this.timers.set(CHANGES_WAIT_MS, () => {
      isLast = true;
      wakeup.wake();
    });
    try {
      for (;;) {
        request.call.signal.throwIfAborted();
        await this.#require(request.call);
        const states = statesOf(place.ticket).filter(({ topic, hash }) => held.get(topic) !== hash);
        if (states.length > 0 || isLast) return states;
        await wakeup.wait(CHANGES_WAIT_MS, request.call.signal);
      }
    } finally {
      limit.clear();
      place.leave();
    }
  }

  /** A place in the hub that is given back when the call ends, however it ends, also if nobody ever reads the stream. */
  #enter({ topics, call }: EventRequest, wakeup: Wakeup) {
    const wake = (): void => wakeup.wake();
    const { signal } = call;
    const ticket = this.hub.enter(topics, wake);
    // A token that was deleted, or a role that was narrowed, ends the stream at once.
    const unsubscribe = this.follower.onBatch((changes, _latest, reloaded) => {
      if (reloaded || changes.some(({ topic }) => topic === 'token')) wake();
    });
    const leave = (): void => {
      ticket.release();
      unsubscribe();
      signal.removeEventListener('abort', leave);
    };
    signal.addEventListener('abort', leave, { once: true });
    return { ticket, leave };
  }

  /** Why the stream ends now; undefined while it goes on. */
  async #endOf(call: HttpCall): Promise<{ Code: string; Message: string } | undefined> {
    if (call.signal.aborted) return { Code: 'ABORTED', Message: 'The server is stopping; ask another one' };
    try {
      await this.#require(call);
      return undefined;
    } catch (error) {
      if (!isBanyanError(error, 'PERMISSION_DENIED', 'ACL_NOT_FOUND')) throw error;
      return { Code: 'PERMISSION_DENIED', Message: messageOf(error) };
    }
  }

  async #require(call: HttpCall): Promise<void> {
    requirePermission(await this.callers.resolve(call.token), { resource: 'operator', access: 'read' });
  }
}

const statesOf = (ticket: HubTicket): readonly TopicState[] => ticket.feeds.flatMap((feed) => feed.state ?? []);

/** The first topic, in their order, whose newest state was not told. */
const nextOf = (ticket: HubTicket, told: ReadonlyMap<EventTopic, string>): TopicState | undefined =>
  statesOf(ticket).find(({ topic, hash }) => told.get(topic) !== hash);
