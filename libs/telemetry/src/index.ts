export {
  type DependencyCheck,
  type DependencyHealth,
  HealthRegistry,
  type HealthReport,
  type HealthVerdict,
} from './adapters/health-registry.js';
export { createMetrics, type HistogramDeclaration, type MetricDeclaration, type Metrics } from './adapters/metrics.js';
export { type LogLevel, PinoLogger, type PinoLoggerOptions } from './adapters/pino-logger.js';
export { redactText } from './domain/redact.js';
