export { AgentHttpClient, type AgentAnswer, type AgentRequest } from './adapters/agent-http-client.js';
export { AgentHttpReports } from './adapters/agent-http-reports.js';
export { AgentHttpSource, type AgentHttpSourceOptions } from './adapters/agent-http-source.js';
export { MetricsDoor } from './adapters/metrics-door.js';
export { sidecarMetrics, type SidecarMetricsParts } from './adapters/sidecar-metrics.js';
export { MeshWorkload, type MeshWorkloadOptions, type ServeConnection } from './adapters/mesh-workload.js';
export { type ProxyPorts, SidecarProxy, type SidecarProxyOptions } from './adapters/sidecar-proxy.js';
export type { ServicePeer } from './domain/peer-identity.js';
export type { ProbePace } from './domain/probe.js';
export { type ProxyCounters } from './domain/proxy-counters.js';
export type { Endpoint, Sidecar, Upstream } from './domain/sidecar.js';
export {
  type Authorization,
  type AuthorizeQuestion,
  type LeafMaterial,
  MeshSource,
  type TrustMaterial,
} from './ports/mesh-source.js';
export { ReportSink } from './ports/report-sink.js';
