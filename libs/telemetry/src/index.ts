export {
  type DependencyCheck,
  type DependencyHealth,
  HealthRegistry,
  type HealthReport,
  type HealthVerdict,
} from './adapters/health-registry.js';
export { createMetrics, type Metrics, type MetricsOptions } from './adapters/metrics.js';
export { type LogLevel, PinoLogger, type PinoLoggerOptions } from './adapters/pino-logger.js';
export {
  countUp,
  type CountedAnswer,
  httpMetrics,
  lifeUsedRatio,
  processMetrics,
  type ProcessMetricsParts,
} from './adapters/process-metrics.js';
export {
  continueTrace,
  inChildSpan,
  inSpan,
  type SpanAttributes,
  type SpanPlan,
  startTracing,
  type TraceCarrier,
  traceCarrier,
  type Tracing,
} from './adapters/tracing.js';
export { CONSUL_NAMES, type ConsulName } from './domain/consul-names.js';
export { METRICS } from './domain/metric-catalogue.js';
export { complaintAbout, type MeasuredProcess, type MetricDescription } from './domain/metric-description.js';
export { NODE_METRICS } from './domain/node-metrics.js';
export { redactText } from './domain/redact.js';
