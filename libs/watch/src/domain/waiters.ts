import type { StateIndex } from '@banyan/kernel';

/** A wait for `index` of `topics` to be passed (or, without topics, for the whole log to reach `index`). */
export interface Waiter {
  readonly isDue: () => boolean;
  readonly resolve: () => void;
}

/**
 * Waits, and how they are woken: in slices, one per turn of the event loop, so that ten thousand watchers of one change
 * do not hold up everything else for hundreds of milliseconds.
 */
export class Waiters {
  readonly #waiting = new Set<Waiter>();
  #queue: Waiter[] = [];
  #draining = false;

  constructor(
    private readonly sliceSize: number,
    /** Runs a callback in a later turn of the event loop. */
    private readonly nextTurn: (callback: () => void) => void,
  ) {}

  get size(): number {
    return this.#waiting.size;
  }

  /** Returns the function that takes the waiter away again. */
  add(waiter: Waiter): () => void {
    this.#waiting.add(waiter);
    return () => this.#waiting.delete(waiter);
  }

  /** Wakes every waiter that is due. A waiter that is taken away before its slice comes is not woken. */
  wake(): void {
    for (const waiter of this.#waiting) if (waiter.isDue()) this.#queue.push(waiter);
    if (this.#draining || this.#queue.length === 0) return;
    this.#draining = true;
    this.#drain();
  }

  #drain(): void {
    const slice = this.#queue.splice(0, this.sliceSize);
    for (const waiter of slice) if (this.#waiting.delete(waiter)) waiter.resolve();
    if (this.#queue.length > 0) this.nextTurn(() => this.#drain());
    else this.#draining = false;
  }
}

/** The highest index of each topic. */
export class TopicIndexes {
  readonly #highest = new Map<string, StateIndex>();
  /** What a topic without a change counts as: everything was (re-)loaded at this index. */
  #floor: StateIndex;

  constructor(floor: StateIndex) {
    this.#floor = floor;
  }

  /** Forgets all; every topic counts as changed at `index`. */
  reset(index: StateIndex): void {
    this.#highest.clear();
    this.#floor = index;
  }

  note(topic: string, index: StateIndex): void {
    if (index > this.of([topic])) this.#highest.set(topic, index);
  }

  of(topics: readonly string[]): StateIndex {
    let highest = this.#floor;
    for (const topic of topics) {
      const index = this.#highest.get(topic);
      if (index !== undefined && index > highest) highest = index;
    }
    return highest;
  }
}
