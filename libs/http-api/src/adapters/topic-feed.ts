import { createHash } from 'node:crypto';
import { answerForError, jsonText } from '@banyan/http-kit';
import { BackgroundTask, BanyanError, type Clock, isBanyanError, type Random, type Timers } from '@banyan/kernel';
import type { EventTopic, TopicState } from '../domain/event-topics.js';

/** Where the state of a topic comes from. */
export interface EventSource {
  readonly topic: EventTopic;
  /** Topics of the log whose changes can change the state. */
  readonly followed: readonly string[];
  /** How often it is looked again without a change of the log, in ms; absent: never. */
  readonly everyMs?: number;
  /** The answer of the GET route of the topic; anything that JSON can hold. */
  readonly read: () => unknown;
}

/** A topic is read, and told, once per second at most, however often it changes. */
const LEAST_GAP_MS = 1_000;
/** Without a change and without a rhythm: only a change wakes it. */
const QUIET_MS = 3_600_000;

/** What {@link TopicFeed} needs. */
export interface TopicFeedParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/**
 * The state of one topic for all who watch it: read once and serialized once, however many they are, and not at all while
 * nobody watches. There is no queue: whoever is slow finds the newest state.
 */
export class TopicFeed {
  readonly #watchers = new Set<() => void>();
  #task: BackgroundTask | undefined;
  #state: TopicState | undefined;
  #readAt: number | undefined;

  constructor(
    readonly source: EventSource,
    private readonly parts: TopicFeedParts,
  ) {}

  /** The newest state; undefined until the first look after somebody began to watch. */
  get state(): TopicState | undefined {
    return this.#state;
  }

  /** How many watch. */
  get watching(): number {
    return this.#watchers.size;
  }

  /** Calls `told` at every new state; the returned function ends that. */
  watch(told: () => void): () => void {
    this.#watchers.add(told);
    if (this.#task === undefined) this.#begin();
    return () => {
      this.#watchers.delete(told);
      if (this.#watchers.size === 0) this.#end();
    };
  }

  /** The log has a change of these topics; all of them when everything was loaded again. */
  changed(topics: ReadonlySet<string> | 'all'): void {
    if (topics === 'all' || this.source.followed.some((topic) => topics.has(topic))) this.#task?.wake();
  }

  #begin(): void {
    if (this.#freshMs() === 0) this.#state = undefined;
    this.#task = new BackgroundTask({
      ...this.parts,
      backoff: { firstMs: LEAST_GAP_MS, capMs: LEAST_GAP_MS },
      turn: () => this.#look(),
      onFailure: (error) => this.#told('unavailable', this.#unavailable(error)),
    });
    this.#task.start();
  }

  #end(): void {
    // What a look that is under way finds is thrown away, unless somebody watches again by then.
    void this.#task?.stop();
    this.#task = undefined;
  }

  /** For how long what was read is still good; 0 when it is not. A clock that was set back must not keep it alive. */
  #freshMs(): number {
    const age = this.#readAt === undefined ? LEAST_GAP_MS : this.parts.clock.now() - this.#readAt;
    return age >= 0 && age < LEAST_GAP_MS ? LEAST_GAP_MS - age : 0;
  }

  async #look(): Promise<number> {
    const freshMs = this.#freshMs();
    if (freshMs > 0) return freshMs;
    this.#readAt = this.parts.clock.now();
    this.#told(this.source.topic, jsonText(await this.source.read()));
    return this.source.everyMs ?? QUIET_MS;
  }

  #told(event: TopicState['event'], json: string): void {
    if (this.#watchers.size === 0) return;
    const hash = createHash('sha256').update(`${event} ${json}`).digest('base64url').slice(0, 22);
    if (hash === this.#state?.hash) return;
    this.#state = { topic: this.source.topic, event, json, hash };
    for (const told of this.#watchers) told();
  }

  /** In the words that the GET route would answer with. */
  #unavailable(error: unknown): string {
    const coded = isBanyanError(error) ? error : new BanyanError('INTERNAL', 'the topic could not be read');
    const { body } = answerForError(coded);
    return JSON.stringify({
      Topic: this.source.topic,
      Code: coded.code,
      Message: body.kind === 'text' ? body.text : '',
    });
  }
}
