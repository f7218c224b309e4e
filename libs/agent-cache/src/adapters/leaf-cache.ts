import type { SecretText } from '@banyan/kernel';
import { HOUR, MINUTE } from '@banyan/kernel';
import { entryKey } from './agent-cache.js';
import { LeafEntry, type LeafEntryOptions } from './leaf-entry.js';

const EVICT_AFTER_MS = 72 * HOUR;
/** An entry that has no leaf, as when the token may not have one, is asked for every few seconds: not for days. */
const EVICT_EMPTY_AFTER_MS = 10 * MINUTE;
/** More leaves than this are not kept: the least recently used one goes first. */
const MOST_LEAVES = 10_000;

/** Leaves by service and token, bounded in count and age. */
export class LeafCache {
  readonly #entries = new Map<string, LeafEntry>();
  readonly #byService = new Map<string, Set<LeafEntry>>();

  constructor(private readonly options: Omit<LeafEntryOptions, 'service' | 'token'>) {}

  get size(): number {
    return this.#entries.size;
  }

  entry(service: string, token: SecretText | undefined): { readonly entry: LeafEntry; readonly hit: boolean } {
    const key = entryKey(service, token);
    const present = this.#entries.get(key);
    if (present !== undefined) return { entry: present, hit: present.current !== undefined };
    this.#evictUnused();
    const entry = new LeafEntry({ ...this.options, service, token });
    this.#entries.set(key, entry);
    this.#byService.set(service, (this.#byService.get(service) ?? new Set()).add(entry));
    entry.start();
    return { entry, hit: false };
  }

  /** IDs of the roots above the present leaves for a service; one per token that asks for it. */
  rootsOf(service: string): readonly string[] {
    const roots = [...(this.#byService.get(service) ?? [])].flatMap(({ current }) => current?.rootId ?? []);
    return [...new Set(roots)];
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => entry.stop()));
    this.#entries.clear();
    this.#byService.clear();
  }

  /** Looked at whenever an entry is added: only then can there be too many. */
  #evictUnused(): void {
    const now = this.options.clock.now();
    for (const [key, entry] of this.#entries) {
      const keptMs = entry.current === undefined ? EVICT_EMPTY_AFTER_MS : EVICT_AFTER_MS;
      if (entry.lastUsedAt <= now - keptMs) this.#drop(key, entry);
    }
    if (this.#entries.size < MOST_LEAVES) return;
    const [oldest] = [...this.#entries].toSorted(([, a], [, b]) => a.lastUsedAt - b.lastUsedAt);
    if (oldest !== undefined) this.#drop(...oldest);
  }

  #drop(key: string, entry: LeafEntry): void {
    this.#entries.delete(key);
    const siblings = this.#byService.get(entry.service);
    siblings?.delete(entry);
    if (siblings?.size === 0) this.#byService.delete(entry.service);
    void entry.stop();
  }
}
