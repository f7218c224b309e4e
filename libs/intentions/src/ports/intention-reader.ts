import type { Intention } from '../domain/intention.js';
import type { DecisionQuery } from '../domain/intention-index.js';
import type { Verdict } from '../domain/verdict.js';

/** Reads of the local datacenter's intentions, from memory. */
export abstract class IntentionReader {
  /** All of them, in precedence order. */
  abstract list(): readonly Intention[];
  /** Those whose destination (or source) is the name or `*`, in precedence order. */
  abstract match(by: 'destination' | 'source', name: string): Intention[];
  /** The one of exactly this pair of names. */
  abstract exact(sourceName: string, destinationName: string): Intention | undefined;
  /** Whether source may call destination, and why. */
  abstract decide(query: DecisionQuery): Verdict;
}
