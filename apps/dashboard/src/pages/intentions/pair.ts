import type { Intention } from '../../api/intentions.js';
import type { IntentionIndex } from './decide.js';

/** Somebody who calls, and somebody who is called; `*` is everybody. */
export interface Pair {
  readonly source: string;
  readonly destination: string;
}

/** What the views of the page share: the intentions, the pair that is looked at, and what can be asked for. */
export interface PairView {
  readonly index: IntentionIndex;
  readonly pair: Pair;
  readonly setPair: (pair: Pair) => void;
  readonly edit: (pair: Pair) => void;
  readonly remove: (intention: Intention) => void;
}

export const pairText = ({ SourceName, DestinationName }: Intention): string => `${SourceName} → ${DestinationName}`;
