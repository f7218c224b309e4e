import type { StateIndex } from '@banyan/kernel';
import {
  type DecisionQuery,
  type IndexedServiceIntentions,
  type Intention,
  type IntentionDraft,
  IntentionIndex,
  IntentionReader,
  IntentionWriter,
  type Verdict,
  withoutSource,
  withSource,
  type WriteContext,
} from '@banyan/intentions';
import type { MemoryCommits } from './memory-commits.js';

/** Intentions in memory: one object behind both ports, with the room's own rules. */
export class MemoryIntentions implements IntentionReader, IntentionWriter {
  readonly #index = new IntentionIndex();
  readonly #entries = new Map<string, IndexedServiceIntentions>();
  /** On whose behalf each write was made, in order. */
  readonly writers: WriteContext[] = [];

  constructor(private readonly commits: MemoryCommits) {}

  upsert(context: WriteContext, draft: IntentionDraft): Promise<StateIndex> {
    return this.#attempt(() => {
      this.writers.push(context);
      const known = this.#entries.get(draft.destinationName);
      const entry = withSource(known, draft);
      const index = this.commits.commit({ topic: 'intention', key: entry.name, body: entry as never }, (at) => {
        this.#index.put({ ...entry, createIndex: known?.createIndex ?? at, modifyIndex: at });
      });
      this.#entries.set(entry.name, { ...entry, createIndex: known?.createIndex ?? index, modifyIndex: index });
      return index;
    });
  }

  delete(context: WriteContext, sourceName: string, destinationName: string): Promise<StateIndex> {
    return this.#attempt(() => {
      this.writers.push(context);
      const known = this.#entries.get(destinationName);
      if (known === undefined || withoutSource(known, sourceName) === known) return 0 as StateIndex;
      const left = withoutSource(known, sourceName);
      const index = this.commits.commit(
        { topic: 'intention', key: destinationName, body: (left ?? null) as never },
        (at) => {
          if (left === undefined) this.#index.remove(destinationName);
          else this.#index.put({ ...left, createIndex: known.createIndex, modifyIndex: at });
        },
      );
      if (left === undefined) this.#entries.delete(destinationName);
      else this.#entries.set(destinationName, { ...left, createIndex: known.createIndex, modifyIndex: index });
      return index;
    });
  }

  list(): readonly Intention[] {
    return this.#index.list();
  }

  match(by: 'destination' | 'source', name: string): Intention[] {
    return this.#index.match(by, name);
  }

  exact(sourceName: string, destinationName: string): Intention | undefined {
    return this.#index.exact(sourceName, destinationName);
  }

  decide(query: DecisionQuery): Verdict {
    return this.#index.decide(query);
  }

  /** Errors of the rules reject, as they do where a database stands behind the port. */
  async #attempt<T>(work: () => T): Promise<T> {
    await Promise.resolve();
    return work();
  }
}
