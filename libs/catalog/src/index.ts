export { type AgentRegistration, agentRegistrationOf, parseAgentRegistration } from './domain/agent-registration.js';
export {
  agentServiceBodySchema,
  catalogDeregisterBodySchema,
  catalogRegisterBodySchema,
} from './domain/body-schemas.js';
export {
  type CatalogDeregistration,
  catalogDeregistrationOf,
  type CatalogRegistration,
  catalogRegistrationOf,
  parseCatalogDeregistration,
  parseCatalogRegistration,
} from './domain/catalog-registration.js';
export { CatalogState, type InstanceFilter, type NodeServices } from './domain/catalog-state.js';
export {
  type CheckDefinition,
  type CheckState,
  type CheckStatus,
  NODE_ALIVE_CHECK_ID,
  type Probe,
} from './domain/check.js';
export { type ExpandedSidecar, expandSidecar, SIDECAR_PORTS, SIDECAR_SUFFIX } from './domain/expand-sidecar.js';
export { type NodeRegistration, serviceContentHash } from './domain/records.js';
export { type ServiceSummary } from './domain/service-summary.js';
export { type Proxy, type ServiceInstance, type ServiceKind, type Upstream } from './domain/service-instance.js';
export {
  type CatalogRow,
  type HealthRow,
  toAgentService,
  type WireAgentService,
  type WireCheck,
  type WireNode,
  type WireService,
} from './domain/wire-rows.js';
export { CatalogReader } from './ports/catalog-reader.js';
export { CatalogWriter, type NodeSync } from './ports/catalog-writer.js';
export { readAgentNodes } from './adapters/agent-nodes.js';
export { CatalogProjection } from './adapters/catalog-projection.js';
export { CATALOG_ENTITIES } from './adapters/catalog-rows.js';
export { StoreCatalogWriter } from './adapters/store-catalog-writer.js';
