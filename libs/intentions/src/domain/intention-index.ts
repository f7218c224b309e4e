import {
  type IndexedServiceIntentions,
  type Intention,
  intentionsOf,
  type IntentionAction,
  WILDCARD,
} from './intention.js';
import { isReservedName } from './canary.js';
import { compareIntentions } from './precedence.js';
import { defaultVerdict, type Verdict, verdictOf } from './verdict.js';

interface Ruling {
  readonly intention: Intention;
  /** Made once, when the entry is put: deciding allocates nothing. */
  readonly verdict: Verdict;
}

/** A question to {@link IntentionIndex.decide}: names of services, and what holds when no intention matches. */
export interface DecisionQuery {
  readonly source: string;
  readonly destination: string;
  readonly defaultAction: IntentionAction;
}

/**
 * All intentions in memory, as nested maps destination → source and source → destination. `put` and `remove` update it
 * entry by entry. Invariants: I1 both maps hold the same intentions; I2 no empty inner map stays; I3 an entry of a
 * reserved name (the canary) is decided on like any other, and appears in no list.
 */
export class IntentionIndex {
  readonly #byDestination = new Map<string, Map<string, Ruling>>();
  readonly #bySource = new Map<string, Map<string, Intention>>();
  #sorted: readonly Intention[] | undefined;

  static of(entries: Iterable<IndexedServiceIntentions>): IntentionIndex {
    const index = new IntentionIndex();
    for (const entry of entries) index.put(entry);
    return index;
  }

  /** Sets an entry, replacing the one of the same name. */
  put(entry: IndexedServiceIntentions): void {
    const sorted = this.#sorted;
    this.remove(entry.name);
    const rulings = new Map<string, Ruling>();
    for (const intention of intentionsOf(entry)) {
      rulings.set(intention.sourceName, { intention, verdict: verdictOf(intention) });
      if (isReservedName(entry.name)) continue;
      let destinations = this.#bySource.get(intention.sourceName);
      if (destinations === undefined) this.#bySource.set(intention.sourceName, (destinations = new Map()));
      destinations.set(entry.name, intention);
    }
    if (rulings.size > 0) this.#byDestination.set(entry.name, rulings);
    this.#sorted = isReservedName(entry.name) ? sorted : undefined;
  }

  /** Removes the entry of that name; nothing happens when there is none. */
  remove(name: string): void {
    const rulings = this.#byDestination.get(name);
    if (rulings === undefined) return;
    this.#byDestination.delete(name);
    for (const sourceName of rulings.keys()) {
      const destinations = this.#bySource.get(sourceName);
      destinations?.delete(name);
      if (destinations?.size === 0) this.#bySource.delete(sourceName);
    }
    this.#sorted = undefined;
  }

  /**
   * The first match in precedence order decides, alone (contract §3.7): exact → exact, * → exact, exact → *, * → *.
   * Pure, no allocation; the same function answers authorize, check and the proxies.
   */
  decide(query: DecisionQuery): Verdict {
    const ruling =
      firstRuling(this.#byDestination.get(query.destination), query.source) ??
      firstRuling(this.#byDestination.get(WILDCARD), query.source);
    return ruling === undefined ? defaultVerdict(query.defaultAction) : ruling.verdict;
  }

  /** Every intention whose destination (or source) is the name or `*`, in precedence order. Empty when there is none. */
  match(by: 'destination' | 'source', name: string): Intention[] {
    const names = name === WILDCARD ? [WILDCARD] : [name, WILDCARD];
    return names.flatMap((each) => this.#exactly(by, each)).toSorted(compareIntentions);
  }

  /** The intention of exactly this pair of names. */
  exact(source: string, destination: string): Intention | undefined {
    return isReservedName(destination) ? undefined : this.#byDestination.get(destination)?.get(source)?.intention;
  }

  /** Every intention in precedence order; sorted once per change, shared by its readers. */
  list(): readonly Intention[] {
    this.#sorted ??= [...this.#byDestination.keys()]
      .flatMap((name) => this.#exactly('destination', name))
      .toSorted(compareIntentions);
    return this.#sorted;
  }

  #exactly(by: 'destination' | 'source', name: string): Intention[] {
    if (isReservedName(name)) return [];
    if (by === 'source') return [...(this.#bySource.get(name)?.values() ?? [])];
    return [...(this.#byDestination.get(name)?.values() ?? [])].map((ruling) => ruling.intention);
  }
}

const firstRuling = (rulings: Map<string, Ruling> | undefined, source: string): Ruling | undefined =>
  rulings === undefined ? undefined : (rulings.get(source) ?? rulings.get(WILDCARD));
