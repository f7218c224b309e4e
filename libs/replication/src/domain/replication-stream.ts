import type { ReplicatedItem, ReplicatedTopic } from '@banyan/store';
import type { FeedItem } from './feed-event.js';

/** What a stream's own rule finds wrong with a whole snapshot. */
export interface StreamObjection {
  readonly code: 'ROOT_GENERATION_LOWER';
  readonly reason: string;
}

/** Topics that belong together and have one status, one guard and one hold. */
export interface ReplicationStream {
  readonly name: string;
  /** In the order in which they are applied. */
  readonly topics: readonly ReplicatedTopic[];
  /** Whether a round that would delete much of it is held. Not for what is written anew all the time. */
  readonly guarded: boolean;
  /**
   * Looks at the snapshot of another epoch than ours before anything of the stream is applied: the source may have been
   * restored from a backup. An objection holds the whole stream until the source is as expected, or somebody confirms.
   */
  readonly object?: (local: readonly ReplicatedItem[], incoming: readonly FeedItem[]) => StreamObjection | undefined;
}
