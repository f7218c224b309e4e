import type { Look } from '../event.js';
import type { Blocker } from '../blocker.js';
import type { Rotation } from '../rotation.js';

/** What a gate says: everybody who stands in the way by name, and whether the rotation may go on all the same. */
export interface Verdict {
  readonly met: boolean;
  readonly blockers: readonly Blocker[];
  /** Why it is met, in words for the journal. */
  readonly because?: string;
  /** When time alone may change the verdict. */
  readonly waitsUntil?: number;
}

/** A gate is pure: the same record, look and moment give the same verdict. */
export type Gate = (rotation: Rotation, look: Look, now: number) => Verdict;

/** A datacenter that was not heard for so long is not reachable: reports come every 3 s. */
export const REPORT_STALE_MS = 60_000;

/** A moment (ms since 1970) as RFC 3339 in UTC, for words. */
export const iso = (moment: number): string => new Date(moment).toISOString();

/** When the present phase began. */
export const phaseBegan = ({ startedAt, phase, createdAt }: Rotation): number => startedAt[phase] ?? createdAt;
