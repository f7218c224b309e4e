import { BanyanError, Clock, Random, Timers } from '@banyan/kernel';
import { ChangeFollower } from '@banyan/watch';
import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { EventTopic } from '../domain/event-topics.js';
import { type EventSource, TopicFeed } from './topic-feed.js';

/** Streams that one server keeps open: each holds a socket, a few listeners, and no copy of anything. */
const MOST_STREAMS = 256;

/** What an open stream has of the hub. */
export interface HubTicket {
  readonly feeds: readonly TopicFeed[];
  /** Gives back everything; may be called again. */
  readonly release: () => void;
}

/**
 * The topics that streams of events tell of. Each controller offers the answer of its own route, so that a page that
 * follows a topic and one that reads its route are told the same.
 */
@Injectable()
export class EventHub implements OnModuleDestroy {
  readonly #feeds = new Map<EventTopic, TopicFeed>();
  readonly #unsubscribe: () => void;
  #open = 0;

  constructor(
    private readonly follower: ChangeFollower,
    private readonly clock: Clock,
    private readonly timers: Timers,
    private readonly random: Random,
  ) {
    this.#unsubscribe = follower.onBatch((changes, _latest, reloaded) => {
      const topics = reloaded ? 'all' : new Set(changes.map(({ topic }) => topic));
      for (const feed of this.#feeds.values()) feed.changed(topics);
    });
  }

  /** Streams that are open. */
  get open(): number {
    return this.#open;
  }

  /** Adds a topic; once each. */
  offer(source: EventSource): void {
    const { clock, timers, random } = this;
    this.#feeds.set(source.topic, new TopicFeed(source, { clock, timers, random }));
  }

  /** Adds a topic of which only the index is told: readers ask its route again. */
  offerIndex(topic: EventTopic, followed: readonly string[]): void {
    this.offer({ topic, followed, read: () => ({ Index: this.follower.topicIndex(followed) }) });
  }

  /**
   * A place for a stream of these topics, with `told` called at every change of one; topics that nobody offers are left out.
   * Throws `RATE_LIMITED` when there are too many streams.
   */
  enter(topics: readonly EventTopic[], told: () => void): HubTicket {
    if (this.#open >= MOST_STREAMS) {
      throw new BanyanError('RATE_LIMITED', `This server has ${MOST_STREAMS} streams of events open already`, {
        fields: { retryAfterMs: 5_000 },
      });
    }
    this.#open += 1;
    const feeds = topics.flatMap((topic) => this.#feeds.get(topic) ?? []);
    const ends = feeds.map((feed) => feed.watch(told));
    let isHeld = true;
    const release = (): void => {
      if (!isHeld) return;
      isHeld = false;
      this.#open -= 1;
      for (const end of ends) end();
    };
    return { feeds, release };
  }

  onModuleDestroy(): void {
    this.#unsubscribe();
  }
}
