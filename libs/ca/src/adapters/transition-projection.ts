import type { RootTransition } from '@banyan/pki';
import type { Store } from '@banyan/store';
import type { Projection } from '@banyan/watch';
import { RootTransitionRow } from './root-transition.row.js';
import { transitionOf } from './transition-writes.js';

/** The transitions of retired roots in memory, for whoever comes back with one of them. A topic of its own: no read of the roots waits for it. */
export class TransitionProjection implements Projection {
  readonly topics = ['root-transition'] as const;
  #transitions: readonly RootTransition[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(private readonly store: Store) {}

  /** The latest first; at most 64. */
  get transitions(): readonly RootTransition[] {
    return this.#transitions;
  }

  /** Calls `listener` after every later change; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async load(): Promise<void> {
    const rows = await this.store.dataSource.manager.find(RootTransitionRow, { order: { generation: 'DESC' } });
    this.#transitions = rows.map(transitionOf);
    for (const listener of this.#listeners) listener();
  }

  /** A few rows that change a few times in a decade: read again. */
  apply(): Promise<void> {
    return this.load();
  }
}
