import type { Change } from '../domain/change.js';

/**
 * A room's state in memory, kept by a `ChangeFollower`. Both methods read the database as it is *now*, which may be
 * newer than the changes they are called for: rows are read again and replaced, never added up, so that the same change
 * can be applied twice.
 */
export interface Projection {
  /** What {@link apply} is called for. */
  readonly topics: readonly string[];
  /** Replaces everything by what the database holds. */
  load(): Promise<void>;
  /** Brings the rows of `changes` up to date. When it throws, the same changes come again. */
  apply(changes: readonly Change[]): Promise<void>;
}
