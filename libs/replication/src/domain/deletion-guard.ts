import { contentHash } from '@banyan/kernel';

/** Deletions of so long a time are added up: many small rounds empty a stream as well as one. Unit minutes. */
export const GUARD_WINDOW_MINUTES = 10;

/** When the deletions of a round are held for a person to look at. */
export interface GuardLimits {
  /** Share of a stream's records, 0 to 1, that a round may delete, with what was deleted in the minutes before. */
  readonly share: number;
  /** So many may always be deleted, however small the stream is. */
  readonly free: number;
}

/** A quarter of a stream, and never ten or fewer: an operator's clean-up passes, an emptied source does not. */
export const DEFAULT_GUARD: GuardLimits = { share: 0.25, free: 10 };

/** A record that a round would delete. */
export interface Deletion {
  readonly topic: string;
  readonly key: string;
}

/** How much a round would delete, and of how much. */
export interface RoundOfDeletions {
  readonly deletions: number;
  /** Records of the stream here, before the round. */
  readonly localCount: number;
  /** Records of the stream that rounds before have deleted within the window, and that nobody confirmed. */
  readonly recent: number;
  /** Records that a complete snapshot names; undefined for a round of changes. */
  readonly sourceCount: number | undefined;
}

/** Why the deletions of a round must be held; undefined when they may be applied. */
export const reasonToHold = (round: RoundOfDeletions, limits: GuardLimits): string | undefined => {
  const { deletions, localCount, recent, sourceCount } = round;
  if (deletions === 0) return undefined;
  if (sourceCount === 0) return `the source names no record at all, and ${localCount} are here`;
  const [all, before] = [deletions + recent, localCount + recent];
  if (all <= limits.free || all <= before * limits.share) return undefined;
  const percent = `more than ${Math.round(limits.share * 100)} %`;
  if (recent === 0) return `the round would delete ${deletions} of ${localCount} records, ${percent}`;
  return `with the round, ${all} of ${before} records would be deleted within ${GUARD_WINDOW_MINUTES} minutes, ${percent}`;
};

/** Names exactly this set of deletions, in any order: what a person confirms is what they saw. */
export const deletionsHash = (stream: string, deletions: readonly Deletion[]): string =>
  contentHash([stream, ...deletions.map(({ topic, key }) => `${topic} ${key}`).toSorted()]);
