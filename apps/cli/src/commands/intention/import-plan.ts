import { isDeepStrictEqual } from 'node:util';
import type { WireIntention } from '../../wire/intention-shapes.js';
import { type Draft, keyOf } from './entries.js';

/** What an import does about one pair. */
export interface Step {
  readonly Do: 'create' | 'change' | 'delete';
  readonly Source: string;
  readonly Destination: string;
  /** Absent for one that is deleted. */
  readonly Next?: Draft;
  /** Absent for one that is created. */
  readonly Present?: WireIntention;
}

const sayingOf = ({ Action, Permissions, Description }: Draft | WireIntention): unknown => ({
  Action,
  Permissions: Permissions ?? [],
  Description: Description ?? '',
});

const DENIES_FIRST = { denies: 0, allows: 1, lessAllowed: 2, lessDenied: 3 } as const;

/** Nobody is let in for a moment between two steps: what denies is written first, and goes last. */
const rankOf = ({ Do, Next, Present }: Step): number => {
  if (Do === 'delete') return Present?.Action === 'allow' ? DENIES_FIRST.lessAllowed : DENIES_FIRST.lessDenied;
  return Next?.Action === 'allow' ? DENIES_FIRST.allows : DENIES_FIRST.denies;
};

/**
 * The steps from what is there to what is wanted, in the order in which they are taken. What the file does not name stays,
 * unless `isPruning`. Taken again after a failure, what is done already is no step any more.
 */
export const planImport = (
  wanted: readonly Draft[],
  present: readonly WireIntention[],
  isPruning: boolean,
): readonly Step[] => {
  const before = new Map(present.map((each) => [keyOf(each), each]));
  const named = new Set(wanted.map(keyOf));
  const writes = wanted.flatMap((Next): Step[] => {
    const Present = before.get(keyOf(Next));
    if (Present !== undefined && isDeepStrictEqual(sayingOf(Present), sayingOf(Next))) return [];
    const pair = { Source: Next.SourceName, Destination: Next.DestinationName, Next };
    return [Present === undefined ? { Do: 'create', ...pair } : { Do: 'change', ...pair, Present }];
  });
  const deletions = isPruning
    ? present
        .filter((each) => !named.has(keyOf(each)))
        .map((Present): Step => ({
          Do: 'delete',
          Source: Present.SourceName,
          Destination: Present.DestinationName,
          Present,
        }))
    : [];
  return [...writes, ...deletions].toSorted((left, right) => rankOf(left) - rankOf(right));
};
