import { Store } from '@banyan/store';
import type { Change, Projection } from '@banyan/watch';
import { Any } from 'typeorm';
import type { Intention } from '../domain/intention.js';
import { type DecisionQuery, IntentionIndex } from '../domain/intention-index.js';
import type { Verdict } from '../domain/verdict.js';
import type { IntentionReader } from '../ports/intention-reader.js';
import { entryOf, ServiceIntentionsRow } from './service-intentions-row.js';

/** The intentions of the store in memory, kept current by the change follower. */
export class IntentionProjection implements IntentionReader, Projection {
  readonly topics = ['intention'] as const;
  #index = new IntentionIndex();

  constructor(private readonly store: Store) {}

  async load(): Promise<void> {
    const rows = await this.store.dataSource.manager.find(ServiceIntentionsRow);
    this.#index = IntentionIndex.of(rows.map(entryOf));
  }

  /** Reads the rows as they are now, then swaps them in without a pause: no reader sees half of a batch. */
  async apply(changes: readonly Change[]): Promise<void> {
    const names = [...new Set(changes.map((change) => change.key))];
    const rows = await this.store.dataSource.manager.find(ServiceIntentionsRow, { where: { name: Any(names) } });
    const found = new Set(rows.map((row) => row.name));
    for (const name of names) if (!found.has(name)) this.#index.remove(name);
    for (const row of rows) this.#index.put(entryOf(row));
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
}
