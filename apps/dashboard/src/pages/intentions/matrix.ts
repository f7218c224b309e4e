import type { Intention } from '../../api/intentions.js';
import { WILDCARD } from './decide.js';

/** So many destinations stand beside each other; a search narrows them. Sources are a list of any length. */
export const MOST_COLUMNS = 40;

/** Rows and columns of the matrix. */
export interface Matrix {
  readonly sources: readonly string[];
  readonly destinations: readonly string[];
  /** Destinations that had no room. */
  readonly left: number;
}

/** The wildcard first, then by name. */
const inOrder = (names: Iterable<string>): string[] =>
  [...new Set(names)].toSorted((a, b) => Number(b === WILDCARD) - Number(a === WILDCARD) || (a < b ? -1 : 1));

/**
 * Every name of an intention and of the catalog as source and as destination. A search keeps the rows and columns whose
 * name has the text, and those that an intention ties to one of them; the wildcard always stays.
 */
export function matrixOf(intentions: readonly Intention[], services: readonly string[], search: string): Matrix {
  const text = search.trim().toLowerCase();
  const has = (name: string): boolean => name === WILDCARD || name.toLowerCase().includes(text);
  const tied = intentions.filter((each) => hasText(each, text));
  const known = [...services, ...intentions.flatMap((each) => [each.SourceName, each.DestinationName])].filter(has);
  const sources = inOrder([WILDCARD, ...known, ...tied.map(({ SourceName }) => SourceName)]);
  const all = inOrder([WILDCARD, ...known, ...tied.map(({ DestinationName }) => DestinationName)]);
  const destinations = all.slice(0, MOST_COLUMNS);
  return { sources, destinations, left: all.length - destinations.length };
}

const hasText = ({ SourceName, DestinationName, Description = '' }: Intention, text: string): boolean =>
  [SourceName, DestinationName, Description].some((each) => each.toLowerCase().includes(text));

/** Intentions whose source, destination or description has the text; `web > api` wants both sides. In precedence order. */
export function searched(intentions: readonly Intention[], search: string): readonly Intention[] {
  const [from = '', to] = search.toLowerCase().split(/\s*(?:=>|->|>|→)\s*/);
  const found =
    to === undefined
      ? intentions.filter((each) => hasText(each, from.trim()))
      : intentions.filter(
          ({ SourceName, DestinationName }) =>
            SourceName.toLowerCase().includes(from.trim()) && DestinationName.toLowerCase().includes(to.trim()),
        );
  return found.toSorted((a, b) => b.Precedence - a.Precedence);
}
