import type { Certificate } from '@banyan/pki';
import type { TrustView } from './trust-view.js';

/** Roots that have left, as many as the servers' own records of them; and twice as many marks, for two kinds of names. */
const MOST_GONE = 64;
const MOST_MARKS = 128;

/** What live connections are held against when a compromised root has left. */
export interface TaintedDeparture {
  /** The compromised roots that have left. */
  readonly left: readonly Certificate[];
  /** All other roots that are or were in the bundle: whoever stands under one of them was not vouched for by a thief. */
  readonly others: readonly Certificate[];
}

/**
 * Remembers which roots were said to be compromised, and which of them have left the bundle since live connections were
 * last held against them: seen in the bundle with the mark, or marked when they had left. Nothing takes a mark back: not
 * a bundle without it, not a root that returns.
 */
export class TaintedRoots {
  /** SHA-1 fingerprints of roots of a bundle, SHA-256 fingerprints of those that had left: told apart by their length. */
  readonly #marks = new Set<string>();
  /** Roots that have left without a mark, the latest first. */
  #gone: readonly Certificate[] = [];
  #departure: TaintedDeparture | undefined;
  #known: readonly Certificate[] = [];

  /** `undefined` while no connection needs to be looked at. */
  get departure(): TaintedDeparture | undefined {
    return this.#departure;
  }

  /** All roots that are or were in the bundle, as far as they are remembered. */
  get known(): readonly Certificate[] {
    return this.#known;
  }

  follow(previous: TrustView, next: TrustView): void {
    for (const fingerprint of next.tainted) this.#mark(fingerprint);
    const isBack = (root: Certificate): boolean => isIn(next.roots, root);
    const outside = distinct([...previous.roots, ...this.#gone]).filter((root) => !isBack(root));
    this.#gone = outside.filter((root) => !this.#isMarked(root)).slice(0, MOST_GONE);
    const waiting = (this.#departure?.left ?? []).filter((root) => !isBack(root));
    const left = distinct([...waiting, ...outside.filter((root) => this.#isMarked(root))]);
    const others = [...next.roots, ...previous.roots, ...this.#gone].filter((root) => !isIn(left, root));
    this.#known = distinct([...left, ...others]);
    this.#departure = left.length === 0 ? undefined : { left, others: distinct(others) };
  }

  /** Every live connection was held against `departure`, or has been made since. */
  lookedAt(departure: TaintedDeparture): void {
    if (this.#departure === departure) this.#departure = undefined;
  }

  #isMarked({ fingerprintSha1, fingerprintSha256 }: Certificate): boolean {
    return this.#marks.has(fingerprintSha1) || this.#marks.has(fingerprintSha256);
  }

  #mark(fingerprint: string): void {
    this.#marks.delete(fingerprint);
    this.#marks.add(fingerprint); // the least recently named one stands first
    if (this.#marks.size > MOST_MARKS) this.#marks.delete(this.#marks.keys().next().value!);
  }
}

const isIn = (roots: readonly Certificate[], root: Certificate): boolean => roots.some((each) => each.equals(root));

const distinct = (roots: readonly Certificate[]): readonly Certificate[] =>
  roots.filter((root, at) => roots.findIndex((each) => each.equals(root)) === at);
