import { BackgroundTask, HOUR, type SecretText } from '@banyan/kernel';
import type { EntryRequest, EntrySource } from '../ports/entry-source.js';
import { type CacheTools, WatchedEntry } from './watched-entry.js';

/** Unused for so long, an entry is dropped, unless somebody waits for it or listens. */
const EVICT_AFTER_MS = 72 * HOUR;
/** More entries than this are not followed: the least recently used one goes first. */
const MOST_ENTRIES = 10_000;

/** Partitions by token and by path (which names the datacenter): what one token may see never answers another. */
export const entryKey = (path: string, token: SecretText | undefined): string => `${token?.digest ?? ''} ${path}`;

/** The agent's memory: filled on demand, refreshed in the background, bounded in count and age. */
export class AgentCache {
  readonly #entries = new Map<string, WatchedEntry>();
  readonly #sweeper: BackgroundTask;
  readonly #counts = { hits: 0, misses: 0, evictions: 0 };

  constructor(
    private readonly source: EntrySource,
    private readonly tools: CacheTools,
  ) {
    this.#sweeper = new BackgroundTask({
      ...tools,
      backoff: { firstMs: HOUR, capMs: HOUR },
      turn: async () => {
        await this.#evictUnused();
        return HOUR;
      },
      onFailure: (error) => tools.logger.error('cache sweep failed', { reason: String(error) }),
    });
    this.#sweeper.start();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Reads so far, by whether their answer was in memory, and entries that were dropped. */
  get counts(): { readonly hits: number; readonly misses: number; readonly evictions: number } {
    return this.#counts;
  }

  /** Bytes of the answers that are held. Walks over all entries: for whoever asks now and then. */
  get bytes(): number {
    let sum = 0;
    for (const { current } of this.#entries.values()) sum += current?.body.length ?? 0;
    return sum;
  }

  /** The entry of this read, followed from now on. `hit` says whether it was there. */
  entry(request: EntryRequest): { readonly entry: WatchedEntry; readonly hit: boolean } {
    const key = entryKey(request.path, request.token);
    const present = this.#entries.get(key);
    const hit = present?.current !== undefined;
    if (hit) this.#counts.hits += 1;
    else this.#counts.misses += 1;
    if (present !== undefined) return { entry: present, hit };
    const entry = new WatchedEntry(request, this.source, this.tools);
    this.#entries.set(key, entry);
    entry.start();
    if (this.#entries.size > MOST_ENTRIES) void this.#evictOldest();
    return { entry, hit: false };
  }

  async stop(): Promise<void> {
    await this.#sweeper.stop();
    await Promise.all([...this.#entries.values()].map((entry) => entry.stop()));
    this.#entries.clear();
  }

  async #evictUnused(): Promise<void> {
    const limit = this.tools.clock.now() - EVICT_AFTER_MS;
    for (const [key, entry] of this.#entries) {
      if (entry.lastUsedAt > limit || entry.inUse) continue;
      this.#entries.delete(key);
      this.#counts.evictions += 1;
      await entry.stop();
    }
  }

  async #evictOldest(): Promise<void> {
    const idle = [...this.#entries].filter(([, entry]) => !entry.inUse);
    const [oldest] = idle.toSorted(([, a], [, b]) => a.lastUsedAt - b.lastUsedAt);
    if (oldest === undefined) return;
    this.#entries.delete(oldest[0]);
    this.#counts.evictions += 1;
    await oldest[1].stop();
  }
}
