import { contentHash, type JsonValue, type StateIndex, stateIndex } from '@banyan/kernel';
import { type Change, type ChangePage, CommitLogReader, type Projection } from '@banyan/watch';

/**
 * A commit log in memory, and the state its commits make visible. Like the real one: a commit takes the next index, and
 * its effect can be read only after a `ChangeFollower` has applied it, never at the moment of the write.
 */
export class MemoryCommits extends CommitLogReader implements Projection {
  readonly topics: readonly string[] = ['intention', 'rotation', 'token', 'node', 'service', 'check'];
  readonly #log: Change[] = [];
  readonly #effects: (() => void)[] = [];
  readonly #hints = new Set<() => void>();
  #latest = stateIndex(0);

  /** Appends one change. `effect` runs when the projections are brought up to date. */
  commit(
    change: { readonly topic: string; readonly key: string; readonly body: JsonValue },
    effect: (index: StateIndex) => void,
  ): StateIndex {
    const index = stateIndex(this.#latest + 1);
    this.#latest = index;
    const operation = change.body === null ? 'delete' : 'upsert';
    this.#log.push({ index, topic: change.topic, key: change.key, operation, contentHash: contentHash(change.body) });
    this.#effects.push(() => effect(index));
    for (const hint of this.#hints) hint();
    return index;
  }

  override currentIndex(): Promise<StateIndex> {
    return Promise.resolve(this.#latest);
  }

  override changesAfter(index: StateIndex, limit: number): Promise<ChangePage> {
    const changes = this.#log.filter((change) => change.index > index).slice(0, limit);
    return Promise.resolve({ changes, latest: this.#latest, reachesBack: true });
  }

  override listen(onHint: () => void): Promise<{ close(): Promise<void> }> {
    this.#hints.add(onHint);
    return Promise.resolve({
      close: () => {
        this.#hints.delete(onHint);
        return Promise.resolve();
      },
    });
  }

  load(): Promise<void> {
    return this.apply();
  }

  apply(): Promise<void> {
    for (const effect of this.#effects.splice(0)) effect();
    return Promise.resolve();
  }
}
