export {
  type AgentReport,
  agentReportSchema,
  NO_SIDECARS,
  type Shadow,
  type ShadowFailure,
  shadowSchema,
  type SidecarSummary,
} from './domain/agent-report.js';
export type { KnownAgent } from './domain/agent-standing.js';
export {
  type DatacenterAdoption,
  datacenterAdoptionSchema,
  type Laggard,
  LAGGARD_REASONS,
  MOST_LAGGARDS,
} from './domain/datacenter-adoption.js';
export { materialAdoptionHash } from './domain/material-report.js';
export { reissueSpreadMs } from './domain/reissue-spread.js';
export { type SidecarReport, sidecarReportSchema } from './domain/sidecar-report.js';
export { type AuthorityFacts, summarize } from './domain/summarize.js';
export { AgentPresence } from './ports/agent-presence.js';
export { AuthoritySource } from './ports/authority-source.js';
export { LiveLeaves } from './ports/live-leaves.js';
export { AgentReportRow } from './adapters/agent-report-row.js';
export { AgentReportStore } from './adapters/agent-report-store.js';
export { type AgentEntry, DatacenterAdoptionReader } from './adapters/datacenter-adoption-reader.js';
