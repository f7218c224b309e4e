import { DatacenterForwarder, type ForwardedAnswer, type HttpCall } from '@banyan/http-kit';
import { BanyanError, ERROR_CODES, type ErrorCode, isBanyanError, messageOf, parsedJson } from '@banyan/kernel';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { EventHub } from './event-hub.js';
import { eventFrame, HEARTBEAT_FRAME, OPENING_FRAME } from '../domain/event-frame.js';
import { EVENT_TOPICS, type EventTopic, heldText, type TopicState } from '../domain/event-topics.js';

/** What `GET /v1/operator/events/changes` answers. */
const answerSchema = z.object({
  Events: z
    .array(
      z.object({
        Topic: z.enum(EVENT_TOPICS),
        Event: z.union([z.enum(EVENT_TOPICS), z.literal('unavailable')]),
        Hash: z.string().max(64),
        Data: z.json(),
      }),
    )
    .max(EVENT_TOPICS.length),
});

/** States as `GET /v1/operator/events/changes` answers them. */
export const wireChanges = (states: readonly TopicState[]): z.output<typeof answerSchema> => ({
  Events: states.map(({ topic, event, hash, json }) => ({
    Topic: topic,
    Event: event,
    Hash: hash,
    Data: JSON.parse(json) as z.output<typeof answerSchema>['Events'][number]['Data'],
  })),
});

/**
 * The events of another datacenter: the WAN carries whole answers, so its changes are asked for over and over, each time
 * with the caller's token. Ends with an event `error` when it cannot be reached; whoever reads comes back.
 */
@Injectable()
export class EventRelay {
  constructor(
    private readonly forwarder: DatacenterForwarder,
    private readonly hub: EventHub,
  ) {}

  async *stream(datacenter: string, topics: readonly EventTopic[], call: HttpCall): AsyncGenerator<string> {
    const held = new Map<EventTopic, string>();
    const { release } = this.hub.enter([], () => {});
    call.signal.addEventListener('abort', release, { once: true });
    try {
      yield OPENING_FRAME;
      for (;;) {
        const { Events } = await this.#ask(datacenter, topics, held, call);
        for (const { Topic, Event, Hash, Data } of Events) {
          held.set(Topic, Hash);
          yield eventFrame(Event, JSON.stringify(Data));
        }
        if (Events.length === 0) yield HEARTBEAT_FRAME;
      }
    } catch (error) {
      if (call.signal.aborted) return;
      if (!isBanyanError(error)) throw error;
      const code = error.code === 'ACL_NOT_FOUND' ? 'PERMISSION_DENIED' : error.code;
      yield eventFrame('error', JSON.stringify({ Code: code, Message: messageOf(error) }));
    } finally {
      release();
    }
  }

  async #ask(
    datacenter: string,
    topics: readonly EventTopic[],
    held: ReadonlyMap<EventTopic, string>,
    { token, signal, remoteAddress }: HttpCall,
  ): Promise<z.output<typeof answerSchema>> {
    const query = new URLSearchParams({ topics: topics.join(','), held: heldText(held) });
    const path = `/v1/operator/events/changes?${query.toString()}`;
    const answer = await this.forwarder.forward(datacenter, {
      method: 'GET',
      path,
      token,
      body: new Uint8Array(),
      signal,
      remoteAddress,
    });
    return read(answer, datacenter);
  }
}

const read = (answer: ForwardedAnswer, datacenter: string): z.output<typeof answerSchema> => {
  const text = Buffer.from(answer.body).toString('utf8');
  if (answer.status === 200) {
    const parsed = answerSchema.safeParse(parsedJson(text));
    if (parsed.success) return parsed.data;
    throw new BanyanError(
      'DATACENTER_UNREACHABLE',
      `datacenter ${datacenter} answers in a form this server does not know`,
    );
  }
  const code = answer.headers['x-banyan-error'] ?? '';
  throw new BanyanError(isCode(code) ? code : 'DATACENTER_UNREACHABLE', text);
};

const isCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_CODES, text);
