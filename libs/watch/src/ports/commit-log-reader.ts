import type { StateIndex } from '@banyan/kernel';
import type { ChangePage } from '../domain/change.js';

/** The log that a {@link ChangeFollower} follows. `Store` of `@banyan/store` has this shape. */
export abstract class CommitLogReader {
  /** The newest index. */
  abstract currentIndex(): Promise<StateIndex>;
  /** The changes after `index`, about `limit` of them, never half a transaction. */
  abstract changesAfter(index: StateIndex, limit: number): Promise<ChangePage>;
  /** Calls `onHint` soon after a commit; it may miss some. */
  abstract listen(onHint: () => void): Promise<{ close(): Promise<void> }>;
}
