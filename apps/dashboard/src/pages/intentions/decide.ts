import type { Intention } from '../../api/intentions.js';

/** The name that matches every service. */
export const WILDCARD = '*';

/** What an intention says; `by request`: it has permissions, and a connection as such is denied. */
export type Effect = 'allow' | 'deny' | 'by request';

export const effectOf = ({ Action, Permissions }: Intention): Effect =>
  Permissions !== undefined && Permissions.length > 0 ? 'by request' : (Action ?? 'deny');

/** One form of a pair that is looked for, in the order in which they are: the first one that is there decides, alone. */
export interface Candidate {
  readonly source: string;
  readonly destination: string;
  /** Absent: nobody made such an intention. */
  readonly intention?: Intention;
  readonly isDecisive: boolean;
}

/** Intentions by their pair of names. */
export class IntentionIndex {
  readonly #byPair: ReadonlyMap<string, Intention>;

  constructor(readonly all: readonly Intention[]) {
    this.#byPair = new Map(all.map((each) => [keyOf(each.SourceName, each.DestinationName), each]));
  }

  exact(source: string, destination: string): Intention | undefined {
    return this.#byPair.get(keyOf(source, destination));
  }

  /** Which intention decides; undefined: the default policy does. */
  deciding(source: string, destination: string): Intention | undefined {
    return (
      this.exact(source, destination) ??
      this.exact(WILDCARD, destination) ??
      this.exact(source, WILDCARD) ??
      this.exact(WILDCARD, WILDCARD)
    );
  }

  /** All forms of a pair in precedence order: exact, any source, any destination, any of both. */
  candidates(source: string, destination: string): Candidate[] {
    const pairs = [
      [source, destination],
      [WILDCARD, destination],
      [source, WILDCARD],
      [WILDCARD, WILDCARD],
    ] as const;
    const deciding = this.deciding(source, destination);
    const seen = new Set<string>();
    return pairs.flatMap(([from, to]) => {
      if (seen.has(keyOf(from, to))) return [];
      seen.add(keyOf(from, to));
      const intention = this.exact(from, to);
      return {
        source: from,
        destination: to,
        isDecisive: intention !== undefined && intention === deciding,
        ...(intention !== undefined && { intention }),
      };
    });
  }
}

/** No name contains a line break. */
const keyOf = (source: string, destination: string): string => `${source}\n${destination}`;
