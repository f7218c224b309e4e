/** What a metric is exposed by. */
export type MeasuredProcess = 'server' | 'agent' | 'sidecar';

/** One metric, as an operator reads of it. */
export interface MetricDescription {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** One sentence for an operator, with the unit where the name does not say it. */
  readonly help: string;
  /** Few values each: names of datacenters, roots and codes, never of services or callers. */
  readonly labels?: readonly string[];
  /** Of a histogram: upper bounds in the metric's base unit, ascending. Default: 1 ms to 10 s. */
  readonly buckets?: readonly number[];
  readonly of: readonly MeasuredProcess[];
}

/** Descriptions by the names of their metrics. */
export type MetricDescriptions = Readonly<Record<string, MetricDescription>>;

const NAME = /^banyan_[a-z0-9]+(_[a-z0-9]+)*$/;
const NOT_A_BASE_UNIT =
  /_(ms|millis|milliseconds|us|micros|ns|minutes|hours|kb|mb|kilobytes|megabytes|percent)(_total)?$/;

/** What is wrong with a metric by the rules of Prometheus (base units, suffixes); undefined when nothing is. */
export const complaintAbout = (name: string, { kind, labels = [], help }: MetricDescription): string | undefined => {
  if (!NAME.test(name)) return 'is not named banyan_…, in lower case';
  if (name.endsWith('_total') !== (kind === 'counter'))
    return kind === 'counter' ? 'is a counter and must end in _total' : 'ends in _total and is no counter';
  if (NOT_A_BASE_UNIT.test(name)) return 'is not in a base unit (seconds, bytes, ratio)';
  if (labels.some((label) => !/^[a-z][a-z_]*$/.test(label) || label === 'le')) return 'has a label with a wrong name';
  return help.endsWith('.') ? undefined : 'has a help text that is no sentence';
};
