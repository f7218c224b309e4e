import type { AgentReport } from '@banyan/adoption';
import { type EpochMs, SECOND } from '@banyan/kernel';

/** The part of an agent's report that is about leaves. */
export type LeafSummary = AgentReport['leaves'];

/** What is counted of one leaf. */
export interface CountedLeaf {
  readonly rootId: string;
  /** Subject key ID of its issuer. */
  readonly keyId?: string;
  readonly notBefore: EpochMs;
}

/** Leaves that were signed by reason, and attempts that failed by code; both only grow. */
export interface LeafCounts {
  readonly issued: ReadonlyMap<string, number>;
  readonly failed: ReadonlyMap<string, number>;
}

/** As a report takes; a host has leaves under as many keys only while many rotations follow each other within a leaf's life. */
const MOST_KEYS = 64;

/**
 * Counts of the live leaves of this agent, kept up with every change: with 10,000 leaves, saying how many stand under
 * which root costs as much as with one.
 */
export class LeafTally {
  readonly #byRoot = new Map<string, number>();
  readonly #byKey = new Map<string, number>();
  /** Leaves by the second of their `notBefore`. */
  readonly #bySecond = new Map<number, number>();
  readonly #listeners = new Set<() => void>();
  #oldest: number | undefined;
  #rateLimited = 0;
  readonly #issued = new Map<string, number>();
  readonly #failed = new Map<string, number>();

  add({ rootId, keyId, notBefore }: CountedLeaf): void {
    const second = Math.floor(notBefore / SECOND);
    this.#byRoot.set(rootId, (this.#byRoot.get(rootId) ?? 0) + 1);
    if (keyId !== undefined) this.#byKey.set(keyId, (this.#byKey.get(keyId) ?? 0) + 1);
    this.#bySecond.set(second, (this.#bySecond.get(second) ?? 0) + 1);
    if (this.#oldest !== undefined) this.#oldest = Math.min(this.#oldest, second);
    this.#changed();
  }

  /** Takes out what was added before. */
  remove({ rootId, keyId, notBefore }: CountedLeaf): void {
    const second = Math.floor(notBefore / SECOND);
    decrement(this.#byRoot, rootId);
    if (keyId !== undefined) decrement(this.#byKey, keyId);
    decrement(this.#bySecond, second);
    // Looked for again when somebody asks: of a rotation's 10,000 removals few hit the oldest second.
    if (second === this.#oldest && !this.#bySecond.has(second)) this.#oldest = undefined;
    this.#changed();
  }

  /** One more renewal waits because the server said so, or one fewer. */
  limited(change: 1 | -1): void {
    this.#rateLimited += change;
    this.#changed();
  }

  /** A leaf was signed, for that reason. Not in the summary, and nobody is told: it only counts up. */
  issued(reason: string): void {
    this.#issued.set(reason, (this.#issued.get(reason) ?? 0) + 1);
  }

  /** An attempt to have one signed failed with that code. */
  failed(code: string): void {
    this.#failed.set(code, (this.#failed.get(code) ?? 0) + 1);
  }

  /** Since the process started: leaves by why they were signed, and failed attempts by code. */
  get counts(): LeafCounts {
    return { issued: this.#issued, failed: this.#failed };
  }

  summary(): LeafSummary {
    if (this.#oldest === undefined && this.#bySecond.size > 0) {
      this.#oldest = [...this.#bySecond.keys()].reduce((least, second) => Math.min(least, second));
    }
    return {
      byRoot: Object.fromEntries(this.#byRoot),
      byKey: Object.fromEntries([...this.#byKey].slice(0, MOST_KEYS)),
      ...(this.#oldest !== undefined && { oldestAt: this.#oldest * SECOND }),
      rateLimited: this.#rateLimited,
    };
  }

  /** Calls `listener` with every change; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #changed(): void {
    this.#listeners.forEach((listener) => listener());
  }
}

const decrement = <K>(counts: Map<K, number>, key: K): void => {
  const left = (counts.get(key) ?? 0) - 1;
  if (left > 0) counts.set(key, left);
  else counts.delete(key);
};
