export { DATACENTER_TOPICS, DatacenterProjection } from './adapters/datacenter-projection.js';
export { DatacenterRegistry } from './adapters/datacenter-registry.js';
export { datacenterReplica } from './adapters/datacenter-replica.js';
export { DatacenterRow } from './adapters/datacenter.row.js';
export type { DatacenterRecord } from './domain/datacenter-record.js';
export { ServerMembership, type ServerMembershipOptions } from './adapters/server-membership.js';
export { ServerRegistry } from './adapters/server-registry.js';
export type { HeldLeaseRecord, ServerPresence, ServerRecord } from './domain/server-record.js';
