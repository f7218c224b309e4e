import type { EpochMs, StateIndex } from '@banyan/kernel';
import type { ReplicationStatus, StreamHold, StreamStatus } from './replication-status.js';

/** What is a stream’s own, beside what the feed says for all. */
export interface StreamFigures {
  readonly stream: string;
  readonly changedIndex: StateIndex;
  readonly items: number;
  readonly quarantined: number;
  readonly held: StreamHold | undefined;
}

/**
 * The status of one stream: the feed's, which all share, then what is its own. A feed that is not READY says more than a
 * hold; a hold more than a quarantine.
 */
export const viewStream = (feed: ReplicationStatus, figures: StreamFigures, now: EpochMs): StreamStatus => {
  const { held, quarantined, ...own } = figures;
  return {
    ...feed,
    ...own,
    ...ownState(feed, figures),
    quarantined,
    ...(held !== undefined && { held }),
    lagIndex: Math.max(0, feed.sourceIndex - feed.appliedIndex),
    ...(feed.lastSuccessAt !== undefined && { lagMs: Math.max(0, now - feed.lastSuccessAt) }),
  };
};

const ownState = (
  feed: ReplicationStatus,
  { held, quarantined }: StreamFigures,
): Pick<StreamStatus, 'state' | 'reason' | 'code'> => {
  if (feed.state !== 'READY') {
    return { state: feed.state, reason: feed.reason, ...(feed.lastErrorCode && { code: feed.lastErrorCode }) };
  }
  if (held !== undefined) return { state: 'DEGRADED', code: held.code, reason: held.reason };
  if (quarantined > 0) {
    return { state: 'DEGRADED', code: 'REPLICATION_QUARANTINED', reason: `${quarantined} records are set aside` };
  }
  return { state: 'READY', reason: '' };
};
