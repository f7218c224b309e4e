import type { SecretText } from '@banyan/kernel';
import { HOUR } from '@banyan/kernel';
import { entryKey } from './agent-cache.js';
import { LeafEntry, type LeafEntryOptions } from './leaf-entry.js';

const EVICT_AFTER_MS = 72 * HOUR;

/** Leaves by service and token. */
export class LeafCache {
  readonly #entries = new Map<string, LeafEntry>();

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
    entry.start();
    return { entry, hit: false };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => entry.stop()));
    this.#entries.clear();
  }

  /** Looked at whenever an entry is added: only then can there be too many. */
  #evictUnused(): void {
    const limit = this.options.clock.now() - EVICT_AFTER_MS;
    for (const [key, entry] of this.#entries) {
      if (entry.lastUsedAt > limit) continue;
      this.#entries.delete(key);
      void entry.stop();
    }
  }
}
