import {
  backoffDelayMs,
  BackgroundTask,
  BanyanError,
  type Clock,
  type EpochMs,
  type Logger,
  messageOf,
  type Random,
  type Timers,
} from '@banyan/kernel';
import type { EntryEvent, EntryRequest, EntrySource } from '../ports/entry-source.js';
import { Waiters } from './waiters.js';

export interface CacheTools {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** What an entry holds: the body as the server sent it, serialized once, shared by all readers. */
export interface EntryValue {
  readonly index: number;
  readonly body: Buffer;
}

export interface EntryRead {
  readonly value: EntryValue;
  /** Whole seconds since the servers were last heard for this entry; 0 while they are. */
  readonly ageSeconds: number;
}

const BACKOFF = { firstMs: 200, capMs: 10_000 };
/** A refusal is asked again this often, so that a token that has just been made or replicated works soon. */
const REFUSED_RETRY_MS = 1_000;

/**
 * One followed read. The first value is waited for; after that every read is from memory, for as long as it takes, with
 * its age when the servers are away. A refusal is handed to readers and forgets what was there.
 */
export class WatchedEntry {
  readonly #task: BackgroundTask;
  readonly #waiters: Waiters;
  readonly #listeners = new Set<(value: EntryValue) => void>();
  #value: EntryValue | undefined;
  #refusal: { readonly status: number; readonly text: string } | undefined;
  #failure: string | undefined;
  #lastHeardAt: EpochMs | undefined;
  #connected = false;
  #stopped = false;
  lastUsedAt: EpochMs;

  constructor(
    readonly request: EntryRequest,
    private readonly source: EntrySource,
    private readonly tools: CacheTools,
  ) {
    this.#waiters = new Waiters(tools.timers);
    this.lastUsedAt = tools.clock.now();
    this.#task = new BackgroundTask({
      ...tools,
      backoff: BACKOFF,
      turn: (signal) => this.#turn(signal),
      onFailure: (error) => this.#lost(error),
    });
  }

  /** The value in memory, without waiting. */
  get current(): EntryValue | undefined {
    return this.#value;
  }

  get ageSeconds(): number {
    if (this.#connected || this.#lastHeardAt === undefined) return 0;
    return Math.floor((this.tools.clock.now() - this.#lastHeardAt) / 1_000);
  }

  start(): void {
    this.#task.start();
  }

  /** Somebody waits or listens: not to be dropped, however long ago the last read was. */
  get inUse(): boolean {
    return this.#listeners.size > 0 || this.#waiters.count > 0;
  }

  /** Ends every wait: readers get what there is. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#task.stop();
    this.#waiters.wakeAll();
  }

  /** Calls `listener` with every later value; returns what ends that. */
  onValue(listener: (value: EntryValue) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The value, newer than `minIndex` if that comes within `waitMs`, else what there is. Throws the server's refusal, or
   * `SERVER_UNREACHABLE` when there is no value at all.
   */
  async read(o: { minIndex: number; waitMs: number; signal: AbortSignal }): Promise<EntryRead> {
    this.lastUsedAt = this.tools.clock.now();
    const limitMs = this.#value === undefined ? FIRST_VALUE_LIMIT_MS : o.waitMs;
    const first = this.#value;
    // An index that went back is news: the servers' store was restored, and the reader has to learn of it.
    const isNews = (value: EntryValue): boolean =>
      value.index > o.minIndex || (first !== undefined && value.index < first.index);
    const enough = (): boolean =>
      this.#stopped || this.#refusal !== undefined || (this.#value !== undefined && isNews(this.#value));
    if (!enough()) await this.#waiters.until(enough, { limitMs, signal: o.signal });
    if (this.#refusal !== undefined) throw refusalOf(this.#refusal);
    if (this.#value === undefined) {
      throw new BanyanError(
        'SERVER_UNREACHABLE',
        `No server of the datacenter answers, and nothing is cached for this request (${this.#failure ?? 'no answer yet'})`,
      );
    }
    return { value: this.#value, ageSeconds: this.ageSeconds };
  }

  async #turn(signal: AbortSignal): Promise<number> {
    let heard = false;
    try {
      for await (const event of this.source.follow(this.request, signal)) {
        this.#take(event);
        heard = true;
      }
    } catch (error) {
      if (!heard || signal.aborted) throw error;
      // It worked until now: this is the first failure since, however many there were before.
      this.#lost(error);
      return backoffDelayMs(BACKOFF, 1, this.tools.random);
    }
    this.#connected = false;
    return REFUSED_RETRY_MS;
  }

  #take(event: EntryEvent): void {
    this.#connected = true;
    this.#failure = undefined;
    this.#lastHeardAt = this.tools.clock.now();
    if (event.status !== 200) {
      // A server that has trouble is not a refusal: what we have stays good, with its age.
      if (event.status >= 500 && this.#value !== undefined) return;
      this.#refusal = { status: event.status, text: event.body.toString('utf8') };
      this.#value = undefined;
      this.#waiters.wakeAll();
      return;
    }
    this.#refusal = undefined;
    if (this.#value?.index === event.index && this.#value.body.equals(event.body)) return;
    this.#value = { index: event.index, body: event.body };
    for (const listener of this.#listeners) listener(this.#value);
    this.#waiters.wakeAll();
  }

  #lost(error: unknown): void {
    this.#connected = false;
    const wasWell = this.#failure === undefined;
    this.#failure = messageOf(error);
    if (wasWell)
      this.tools.logger.warn('cache entry has lost its server', { path: this.request.path, reason: this.#failure });
  }
}

/** A first read waits so long for a server; afterwards it is told that none answers. */
const FIRST_VALUE_LIMIT_MS = 5_000;

const refusalOf = ({ status, text }: { status: number; text: string }): BanyanError => {
  if (status === 403)
    return new BanyanError(text.includes('ACL not found') ? 'ACL_NOT_FOUND' : 'PERMISSION_DENIED', text);
  if (status === 400) return new BanyanError('REQUEST_INVALID', text);
  if (status === 404) return new BanyanError('ROUTE_NOT_FOUND', text);
  return new BanyanError('REQUEST_PARAMETER_MISSING', text);
};
