export type { Change, ChangePage } from './domain/change.js';
export { CommitLogReader } from './ports/commit-log-reader.js';
export type { Projection } from './ports/projection.js';
export { type BlockingQuery, blockingQuery, waitLimit } from './adapters/blocking-query.js';
export { type BatchListener, ChangeFollower, type ChangeFollowerOptions } from './adapters/change-follower.js';
