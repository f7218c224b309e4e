export {
  type AgentReport,
  agentReportSchema,
  type Shadow,
  type ShadowFailure,
  shadowFailureSchema,
  shadowSchema,
} from './domain/agent-report.js';
export {
  type DatacenterAdoption,
  datacenterAdoptionSchema,
  type Laggard,
  LAGGARD_REASONS,
  laggardSchema,
  MOST_LAGGARDS,
} from './domain/datacenter-adoption.js';
export { type SidecarReport, sidecarReportSchema } from './domain/sidecar-report.js';
