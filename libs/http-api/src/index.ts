export { type BlockingRead, BlockingReads } from './adapters/blocking-reads.js';
export { writeContextOf } from './adapters/write-context.js';
export { type VisibleRows, visibleRows } from './domain/visible-rows.js';
export { type HttpApiBindings, HttpApiModule } from './http-api.module.js';
export { AdoptionDirectory } from './ports/adoption-directory.js';
export {
  type DatacenterEntry,
  type DatacenterLink,
  type DatacenterStanding,
  type FederatedIntermediate,
  FederationDirectory,
  type FederationView,
} from './ports/federation-directory.js';
export { EventHub } from './adapters/event-hub.js';
export { DatacenterDirectory, LeaderDirectory, type ServerEntry, type ServerList } from './ports/directories.js';
export { HttpApiSettings } from './ports/http-api-settings.js';
export { CaController } from './adapters/ca.controller.js';
export { type CaConfigurationChange, CaConfigurationWriter } from './ports/ca-configuration-writer.js';
export { wireReplicationSummary } from './domain/wire-replication.js';
export {
  type AdoptionView,
  type CanaryView,
  type ReplicationAlarm,
  ReplicationDesk,
  type ReplicationTokenView,
  type ReplicationView,
  type ReportedReplication,
  type ScopeCheck,
  type TokenCheck,
} from './ports/replication-desk.js';
export { type PlanAnswer, type PreviewAnswer, RotationDesk } from './ports/rotation-desk.js';
