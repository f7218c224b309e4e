export { FeedSource } from './adapters/feed-source.js';
export { ReplicationCursorRow } from './adapters/replication-cursor.row.js';
export { Replicator, type ReplicatorOptions } from './adapters/replicator.js';
export type { FeedCursor, FeedEvent, FeedItem } from './domain/feed-event.js';
export { type ReplicationState, type ReplicationStatus, stateOfFailure } from './domain/replication-status.js';
export { FeedClient } from './ports/feed-client.js';
