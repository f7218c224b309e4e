import type { SecretText } from '@banyan/kernel';
import { type EpochMs, epochMs, HOUR, MINUTE } from '@banyan/kernel';
import { type LeafCounts, type LeafSummary, LeafTally } from '../domain/leaf-tally.js';
import { entryKey } from './agent-cache.js';
import { type Leaf, LeafEntry, type LeafEntryOptions } from './leaf-entry.js';
import { SigningGate } from './signing-gate.js';

const EVICT_AFTER_MS = 72 * HOUR;
/** An entry that has no leaf, as when the token may not have one, is asked for every few seconds: not for days. */
const EVICT_EMPTY_AFTER_MS = 10 * MINUTE;
/** More leaves than this are not kept: the least recently used one goes first. */
const MOST_LEAVES = 10_000;
/** Looking through all of them with every one that is added would cost seconds with 10,000. */
const SWEEP_MS = MINUTE;

/** Leaves by service and token, bounded in count and age. */
export class LeafCache {
  readonly #entries = new Map<string, LeafEntry>();
  readonly #byService = new Map<string, Set<LeafEntry>>();
  readonly #shared = { tally: new LeafTally(), gate: new SigningGate() };
  #sweptAt: EpochMs = epochMs(0);

  constructor(private readonly options: Omit<LeafEntryOptions, 'service' | 'token' | 'tally' | 'gate'>) {}

  /** Counts of the live leaves, at a cost that does not grow with them. */
  summary(): LeafSummary {
    return this.#shared.tally.summary();
  }

  /** Calls `listener` whenever the summary changed; returns what ends that. */
  onChange(listener: () => void): () => void {
    return this.#shared.tally.onChange(listener);
  }

  /** What was signed and what failed since the process started. */
  get counts(): LeafCounts {
    return this.#shared.tally.counts;
  }

  /** The certificates of the live leaves. Walks over all entries: for whoever asks now and then. */
  *certificates(): Generator<Leaf['certificate']> {
    for (const { current } of this.#entries.values()) if (current !== undefined) yield current.certificate;
  }

  get size(): number {
    return this.#entries.size;
  }

  entry(service: string, token: SecretText | undefined): { readonly entry: LeafEntry; readonly hit: boolean } {
    const key = entryKey(service, token);
    const present = this.#entries.get(key);
    if (present !== undefined) return { entry: present, hit: present.current !== undefined };
    this.#evictUnused();
    const entry = new LeafEntry({ ...this.options, ...this.#shared, service, token });
    this.#entries.set(key, entry);
    const ofService = this.#byService.get(service) ?? new Set();
    this.#byService.set(service, ofService.add(entry));
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

  /** Looked at when an entry is added: only then can there be too many. */
  #evictUnused(): void {
    const now = this.options.clock.now();
    const isFull = this.#entries.size >= MOST_LEAVES;
    if (!isFull && Math.abs(now - this.#sweptAt) < SWEEP_MS) return;
    this.#sweptAt = now;
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
    const ofService = this.#byService.get(entry.service);
    ofService?.delete(entry);
    if (ofService?.size === 0) this.#byService.delete(entry.service);
    void entry.stop();
  }
}
