export {
  type ChangePage,
  type ChangeRecord,
  type Committed,
  type Operation,
  type Topic,
  TOPICS,
} from './domain/change.js';
export { GroupCommit, type GroupCommitCounts, type GroupCommitOptions } from './domain/group-commit.js';
export type { Fence } from './domain/fence.js';
export type { ReplicatedItem, ReplicatedTopic } from './ports/replicated-topic.js';
export { type StagedChange, Transaction, TransactionWitness } from './ports/transaction.js';
export { bigintAsNumber, bigintAsStateIndex, timestamptzAsEpochMs } from './adapters/column-transformers.js';
export { KeyEncryption, type KeySource } from './adapters/key-encryption.js';
export { LeaseKeeper, type LeaseKeeperOptions } from './adapters/lease-keeper.js';
export { openStore, type OpenStoreOptions } from './adapters/open-store.js';
export { type RunOptions, Store } from './adapters/store.js';
export { EmbeddedPostgres, type EmbeddedPostgresOptions } from './adapters/embedded/embedded-postgres.js';
