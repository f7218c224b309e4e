import { ADOPTION_METRICS } from './catalogue/adoption-metrics.js';
import { AGENT_METRICS } from './catalogue/agent-metrics.js';
import { AUDIT_METRICS } from './catalogue/audit-metrics.js';
import { AUTHORITY_METRICS } from './catalogue/authority-metrics.js';
import { FEDERATION_METRICS } from './catalogue/federation-metrics.js';
import { PROCESS_METRICS, SERVER_METRICS } from './catalogue/process-metrics.js';
import { SIDECAR_METRICS } from './catalogue/sidecar-metrics.js';

/** Every metric of banyan by name: what no process can expose without. The reference page is made from it. */
export const METRICS = {
  ...PROCESS_METRICS,
  ...SERVER_METRICS,
  ...AUTHORITY_METRICS,
  ...AUDIT_METRICS,
  ...ADOPTION_METRICS,
  ...FEDERATION_METRICS,
  ...AGENT_METRICS,
  ...SIDECAR_METRICS,
} as const;

type Catalogue = typeof METRICS;

/** Names of the metrics of one kind. */
export type MetricName<Kind extends 'counter' | 'gauge' | 'histogram'> = {
  [Name in keyof Catalogue]: Catalogue[Name]['kind'] extends Kind ? Name : never;
}[keyof Catalogue];

/** Names of a metric's labels; none when it has none. */
export type LabelOf<Name extends keyof Catalogue> = Catalogue[Name] extends {
  readonly labels: readonly (infer Label extends string)[];
}
  ? Label
  : never;
