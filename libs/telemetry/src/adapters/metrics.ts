import { BanyanError, type EpochMs } from '@banyan/kernel';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { type LabelOf, type MetricName, METRICS } from '../domain/metric-catalogue.js';
import { complaintAbout, type MeasuredProcess, type MetricDescription } from '../domain/metric-description.js';
import { consulAliases } from './consul-aliases.js';

/** What {@link createMetrics} makes a registry for. */
export interface MetricsOptions {
  readonly process: MeasuredProcess;
  /** Stand on every sample. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Shows what Consul has a name for under that name, too; the clock is for times that Consul counts from now. */
  readonly consulNames?: { readonly now: () => EpochMs };
}

/**
 * The metrics of one process, by the names of the catalogue. One that is asked for twice, is not of this process or is
 * described against the rules throws `INTERNAL`.
 */
export interface Metrics {
  counter<Name extends MetricName<'counter'>>(name: Name): Counter<LabelOf<Name>>;
  gauge<Name extends MetricName<'gauge'>>(name: Name): Gauge<LabelOf<Name>>;
  histogram<Name extends MetricName<'histogram'>>(name: Name): Histogram<LabelOf<Name>>;
  /** Everything in the Prometheus text format; `contentType` is its media type. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Latencies: three per decade from 1 ms to 10 s. */
const LATENCY_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A registry with Node's own figures (event loop delay, heap, garbage collection). */
export const createMetrics = ({ process, labels = {}, consulNames }: MetricsOptions): Metrics => {
  const register = new Registry();
  register.setDefaultLabels({ ...labels });
  collectDefaultMetrics({ register });
  const refreshAliases = consulNames && consulAliases(register, consulNames.now);
  const checked = (name: keyof typeof METRICS) => {
    const description: MetricDescription = METRICS[name];
    const fault = faultOf(register, name, { process, description });
    if (fault !== undefined) throw new BanyanError('INTERNAL', `the metric ${name} ${fault}`);
    const { help, labels: labelNames = [], buckets = LATENCY_BUCKETS_SECONDS } = description;
    return { name, help, labelNames: [...labelNames], registers: [register], buckets: [...buckets] };
  };
  return {
    counter: (name) => new Counter(checked(name)),
    gauge: (name) => new Gauge(checked(name)),
    histogram: (name) => new Histogram(checked(name)),
    text: async () => {
      await refreshAliases?.();
      return register.metrics();
    },
    contentType: register.contentType,
  };
};

const faultOf = (
  register: Registry,
  name: string,
  { process, description }: { readonly process: MeasuredProcess; readonly description: MetricDescription },
): string | undefined => {
  if (!description.of.includes(process)) return `is not one of a ${process}`;
  return register.getSingleMetric(name) === undefined ? complaintAbout(name, description) : 'is declared twice';
};
