export { FeedSource } from './adapters/feed-source.js';
export { ReplicationHoldRow } from './adapters/hold-rows.js';
export { ReplicationQuarantineRow } from './adapters/quarantine-rows.js';
export { ReplicationCursorRow } from './adapters/replication-cursor.row.js';
export { ReplicationRecords } from './adapters/replication-records.js';
export { Replicator, type ReplicatorOptions } from './adapters/replicator.js';
export { type HistoryAlarm, SourceHistory } from './adapters/source-history.js';
export type { GuardLimits } from './domain/deletion-guard.js';
export type { FeedCursor, FeedEvent, FeedItem } from './domain/feed-event.js';
export {
  LAG_KEPT_MS,
  LAG_SAMPLE_MS,
  LagHistory,
  type LagPlace,
  type LagSample,
  type LagSeries,
} from './domain/lag-history.js';
export { FEED_PROTOCOL, requireProtocol } from './domain/protocol.js';
export type { ReplicationStream, StreamObjection } from './domain/replication-stream.js';
export {
  type QuarantinedRecord,
  type ReplicationState,
  type ReplicationStatus,
  stateOfFailure,
  type StreamHold,
  type StreamStatus,
} from './domain/replication-status.js';
export { viewStream } from './domain/stream-view.js';
export { FeedClient } from './ports/feed-client.js';
