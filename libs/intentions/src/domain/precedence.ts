import { WILDCARD } from './intention.js';

/**
 * The score of a source → destination pair (contract §3.3): 9 for exact → exact, 8 for * → exact, 6 for exact → *,
 * 5 for * → *. (The namespace is always exact here, so the scores with a wildcard namespace don't occur.)
 */
export const precedenceOf = (sourceName: string, destinationName: string): number =>
  (destinationName === WILDCARD ? 6 : 9) - (sourceName === WILDCARD ? 1 : 0);

interface Ranked {
  readonly precedence: number;
  readonly sourceName: string;
  readonly destinationName: string;
}

const compareText = (left: string, right: string): number => {
  if (left === right) return 0;
  return left < right ? -1 : 1;
};

/** Order of lists and of evaluation: highest precedence first, then by source name, then by destination name. */
export const compareIntentions = (left: Ranked, right: Ranked): number =>
  right.precedence - left.precedence ||
  compareText(left.sourceName, right.sourceName) ||
  compareText(left.destinationName, right.destinationName);
