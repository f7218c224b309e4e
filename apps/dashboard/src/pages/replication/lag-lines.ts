import type { LagHistory, LagSample } from '../../api/replication.js';

/** A line of a chart: a value, or null for a gap, at each of the chart's times. */
export interface ChartLine {
  readonly name: string;
  readonly values: readonly (number | null)[];
  /** The newest value; null when the line ends in a gap. */
  readonly last: number | null;
  /** The highest value in the window; null when there is none. */
  readonly most: number | null;
}

/** What is drawn: times in seconds, ascending, and lines over them. */
export interface Chart {
  readonly times: readonly number[];
  readonly lines: readonly ChartLine[];
}

/** So many points are told apart on a wide screen; six hours of samples are 2,160. */
const MOST_POINTS = 720;

export type LagMeasure = 'seconds' | 'index' | 'roundTrip';

const MEASURES: Readonly<Record<LagMeasure, (sample: LagSample) => number | null>> = {
  seconds: ({ LagSeconds }) => LagSeconds,
  index: ({ LagIndex }) => LagIndex,
  roundTrip: ({ RoundTripMs }) => RoundTripMs ?? null,
};

/**
 * Lines of one datacenter's streams over the whole window, in steps of a sample or more: of several samples in a step the
 * highest is drawn, so that no peak is smoothed away. A step without a sample is a gap.
 */
export function lagChart(history: LagHistory, datacenter: string, measure: LagMeasure): Chart {
  const from = Date.parse(history.Since) / 1_000;
  const to = Date.parse(history.Now) / 1_000;
  const step = history.SampleSeconds * Math.max(1, Math.ceil((to - from) / history.SampleSeconds / MOST_POINTS));
  const steps = Math.max(1, Math.ceil((to - from) / step));
  const times = Array.from({ length: steps }, (_, at) => from + (at + 1) * step);
  const lines = history.Series.filter((series) => series.Datacenter === datacenter)
    .map(({ Stream, Samples }): ChartLine => {
      const values = Array.from<number | null>({ length: steps }).fill(null);
      for (const sample of Samples) {
        const at = Math.min(steps - 1, Math.floor((Date.parse(sample.At) / 1_000 - from) / step));
        const value = MEASURES[measure](sample);
        if (at >= 0 && value !== null) values[at] = Math.max(values[at] ?? value, value);
      }
      return { name: Stream, values, last: lastOf(values), most: mostOf(values) };
    })
    .filter(({ most }) => most !== null);
  return { times, lines };
}

/** The step that has just begun may have no sample yet. */
const lastOf = (values: readonly (number | null)[]): number | null => values.at(-1) ?? values.at(-2) ?? null;

const mostOf = (values: readonly (number | null)[]): number | null =>
  values.reduce<number | null>((most, value) => (value === null ? most : Math.max(most ?? value, value)), null);

/** Times at which a datacenter's replication was in another state than well, by stream, with how many samples. */
export function statesSeen(history: LagHistory, datacenter: string): ReadonlyMap<string, number> {
  const seen = new Map<string, number>();
  for (const { Datacenter, Samples } of history.Series) {
    if (Datacenter !== datacenter) continue;
    for (const { State } of Samples) if (State !== 'READY') seen.set(State, (seen.get(State) ?? 0) + 1);
  }
  return seen;
}
