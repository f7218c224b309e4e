import { Store } from '@banyan/store';
import type { Change, Projection } from '@banyan/watch';
import { Any } from 'typeorm';
import { type Canary, canaryOf, CANARY_QUESTION } from '../domain/canary.js';
import type { Intention } from '../domain/intention.js';
import { type DecisionQuery, IntentionIndex } from '../domain/intention-index.js';
import type { Verdict } from '../domain/verdict.js';
import type { IntentionReader } from '../ports/intention-reader.js';
import { canaryEntryOf, CanaryRow } from './canary-row.js';
import { entryOf, ServiceIntentionsRow } from './service-intentions-row.js';

/** The intentions of the store in memory, kept current by the change follower. */
export class IntentionProjection implements IntentionReader, Projection {
  readonly topics = ['intention', 'canary'] as const;
  #index = new IntentionIndex();

  constructor(private readonly store: Store) {}

  async load(): Promise<void> {
    const { manager } = this.store.dataSource;
    const rows = await manager.find(ServiceIntentionsRow);
    const canaries = await manager.find(CanaryRow);
    this.#index = IntentionIndex.of([...rows.map(entryOf), ...canaries.map(canaryEntryOf)]);
  }

  /** Reads the rows as they are now, then swaps them in without a pause: no reader sees half of a batch. */
  async apply(changes: readonly Change[]): Promise<void> {
    const names = [...new Set(changes.filter((change) => change.topic === 'intention').map((change) => change.key))];
    if (changes.some((change) => change.topic === 'canary')) await this.#applyCanary();
    if (names.length === 0) return;
    const rows = await this.store.dataSource.manager.find(ServiceIntentionsRow, { where: { name: Any(names) } });
    const found = new Set(rows.map((row) => row.name));
    for (const name of names) if (!found.has(name)) this.#index.remove(name);
    for (const row of rows) this.#index.put(entryOf(row));
  }

  /** The canary that this engine decides by at this moment: what it answers, not what is stored. */
  canary(): Canary | undefined {
    return canaryOf(this.decide(CANARY_QUESTION));
  }

  async #applyCanary(): Promise<void> {
    const row = await this.store.dataSource.manager.findOne(CanaryRow, { where: { id: 1 } });
    if (row !== null) this.#index.put(canaryEntryOf(row));
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
