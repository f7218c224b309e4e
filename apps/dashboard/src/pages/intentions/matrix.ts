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

/** The wildcard first, then names that an intention names on that side, then the others; each by name. */
const inOrder = (names: Iterable<string>, named: ReadonlySet<string>): string[] => {
  const rank = (name: string): number => {
    if (name === WILDCARD) return 0;
    return named.has(name) ? 1 : 2;
  };
  return [...new Set(names)].toSorted((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
};

/**
 * Every name of an intention and of the catalog as source and as destination. A search keeps the rows and columns whose
 * name has the text, and those that an intention ties to one of them; the wildcard always stays.
 */
export function matrixOf(intentions: readonly Intention[], services: readonly string[], search: string): Matrix {
  const text = search.trim().toLowerCase();
  const has = (name: string): boolean => name === WILDCARD || name.toLowerCase().includes(text);
  const tied = intentions.filter((each) => hasText(each, text));
  const known = [...services, ...from(intentions), ...to(intentions)].filter(has);
  const sources = inOrder([WILDCARD, ...known, ...from(tied)], new Set(from(intentions)));
  const all = inOrder([WILDCARD, ...known, ...to(tied)], new Set(to(intentions)));
  const destinations = all.slice(0, MOST_COLUMNS);
  return { sources, destinations, left: all.length - destinations.length };
}

const from = (intentions: readonly Intention[]): string[] => intentions.map(({ SourceName }) => SourceName);
const to = (intentions: readonly Intention[]): string[] => intentions.map(({ DestinationName }) => DestinationName);

const hasText = ({ SourceName, DestinationName, Description = '' }: Intention, text: string): boolean =>
  [SourceName, DestinationName, Description].some((each) => each.toLowerCase().includes(text));

/** Intentions whose source, destination or description has the text; `web > api` wants both sides. In precedence order. */
export function searched(intentions: readonly Intention[], search: string): readonly Intention[] {
  const [source = '', destination] = search.toLowerCase().split(/\s*(?:=>|->|>|→)\s*/);
  const found =
    destination === undefined
      ? intentions.filter((each) => hasText(each, source.trim()))
      : intentions.filter(
          ({ SourceName, DestinationName }) =>
            SourceName.toLowerCase().includes(source.trim()) &&
            DestinationName.toLowerCase().includes(destination.trim()),
        );
  return found.toSorted((a, b) => b.Precedence - a.Precedence);
}
