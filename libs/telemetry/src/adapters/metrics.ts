import { BanyanError } from '@banyan/kernel';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** How a metric is declared. */
export interface MetricDeclaration<Label extends string> {
  /** `banyan_…`, in base units (`_seconds`, `_bytes`); counters end in `_total`. */
  readonly name: string;
  /** One sentence for an operator. */
  readonly help: string;
  /** Few values each: names of datacenters and codes, never of services or callers. */
  readonly labels?: readonly Label[];
}

/** A histogram's declaration. */
export interface HistogramDeclaration<Label extends string> extends MetricDeclaration<Label> {
  /** Upper bounds in the metric's base unit, ascending. Default: 1 ms to 10 s. */
  readonly buckets?: readonly number[];
}

/** The metrics of one process. A name that breaks the rules, or is declared twice, throws `INTERNAL`. */
export interface Metrics {
  counter<Label extends string = never>(declaration: MetricDeclaration<Label>): Counter<Label>;
  gauge<Label extends string = never>(declaration: MetricDeclaration<Label>): Gauge<Label>;
  histogram<Label extends string = never>(declaration: HistogramDeclaration<Label>): Histogram<Label>;
  /** Everything in the Prometheus text format; `contentType` is its media type. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Latencies: three per decade from 1 ms to 10 s. */
const LATENCY_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const NAME = /^banyan_[a-z0-9]+(_[a-z0-9]+)*$/;
const NOT_A_BASE_UNIT =
  /_(ms|millis|milliseconds|us|micros|ns|minutes|hours|kb|mb|kilobytes|megabytes|percent)(_total)?$/;

/** A registry with Node's own figures (event loop delay, heap, garbage collection). `labels` stand on every sample. */
export const createMetrics = (labels: Readonly<Record<string, string>> = {}): Metrics => {
  const register = new Registry();
  register.setDefaultLabels({ ...labels });
  collectDefaultMetrics({ register });
  const checked = <Label extends string>(declaration: MetricDeclaration<Label>, isCounter: boolean) => {
    checkName(register, declaration.name, isCounter);
    const { name, help, labels: labelNames = [] } = declaration;
    return { name, help, labelNames: [...labelNames], registers: [register] };
  };
  return {
    counter: (declaration) => new Counter(checked(declaration, true)),
    gauge: (declaration) => new Gauge(checked(declaration, false)),
    histogram: (declaration) =>
      new Histogram({ ...checked(declaration, false), buckets: [...(declaration.buckets ?? LATENCY_BUCKETS_SECONDS)] }),
    text: () => register.metrics(),
    contentType: register.contentType,
  };
};

const checkName = (register: Registry, name: string, isCounter: boolean): void => {
  const complaint = complaintAbout(register, name, isCounter);
  if (complaint !== undefined) throw new BanyanError('INTERNAL', `the metric ${name} ${complaint}`);
};

const complaintAbout = (register: Registry, name: string, isCounter: boolean): string | undefined => {
  if (!NAME.test(name)) return 'is not named banyan_…, in lower case';
  if (name.endsWith('_total') !== isCounter)
    return isCounter ? 'is a counter and must end in _total' : 'ends in _total and is no counter';
  if (NOT_A_BASE_UNIT.test(name)) return 'is not in a base unit (seconds, bytes, ratio)';
  return register.getSingleMetric(name) === undefined ? undefined : 'is declared twice';
};
