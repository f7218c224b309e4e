import { measureLag, measureResync } from './replication.js';
import { type Comparison, median, percentile } from './rounds.js';
import { measureWatches } from './watches.js';

/** What a part of the benchmark found, ready to be printed. */
export interface Result extends Comparison {
  readonly name: string;
  readonly unit: string;
  readonly measuredIs: string;
  readonly referenceIs: string;
  readonly note?: string;
}

const LAG_SECONDS = 10;
const RESYNC_RECORDS = 10_000;

const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;
const spread = (values: readonly number[]): string =>
  `p50 ${ms(median(values))}, p99 ${ms(percentile(values, 0.99))}, worst ${ms(Math.max(...values))}`;

/** How far the decisions of a secondary are behind the primary's, at a steady rate of writes. */
export const replication = async (): Promise<Result> => {
  const { writes, perSecond, secondaryMs, primaryMs } = await measureLag(LAG_SECONDS);
  return {
    name: 'replication',
    unit: 'ms from the acknowledged write to a decision by it',
    measuredIs: 'the secondary decides by it: GET /v1/connect/intentions/check',
    referenceIs: 'the primary itself decides by it',
    measured: secondaryMs,
    reference: primaryMs,
    ratio: median(secondaryMs) / median(primaryMs),
    note: `${writes} writes at ${perSecond.toFixed(0)}/s; secondary ${spread(secondaryMs)}; primary ${spread(primaryMs)}`,
  };
};

/** What a whole snapshot costs where nothing has changed: no row may be written. */
export const resync = async (): Promise<Result> => {
  const { records, firstSeconds, resyncSeconds, rowsWritten, changesLogged } = await measureResync(RESYNC_RECORDS);
  return {
    name: 'resync',
    unit: 'ms',
    measuredIs: `a secondary compares ${records} unchanged intentions in a whole snapshot`,
    referenceIs: 'an empty secondary starts, joins and gets them for the first time',
    measured: [resyncSeconds * 1_000],
    reference: [firstSeconds * 1_000],
    ratio: resyncSeconds / firstSeconds,
    note: `${rowsWritten} rows written, ${changesLogged} changes logged by the comparison`,
  };
};

/** 10,000 requests that wait at node:http with nothing behind it, as measured on Node 20. */
const BARE_KIB_PER_WATCH = 10.6;

/** What a blocking query that waits costs a server, and how soon all are answered. */
export const watches = async (watchers: number): Promise<Result> => {
  const figures = await measureWatches(watchers);
  const { kibPerWatch, answeredMs, failed, worstQuestionMs } = figures;
  return {
    name: 'watches',
    unit: 'KiB of the server per watch',
    measuredIs: `${figures.watches} blocking queries wait at one server, each over a connection of its own`,
    referenceIs: 'node:http alone, as it was measured once',
    measured: [kibPerWatch],
    reference: [BARE_KIB_PER_WATCH],
    ratio: kibPerWatch / BARE_KIB_PER_WATCH,
    note: `${failed} failed; one change answered them: ${spread(answeredMs)}; a short question meanwhile took ${ms(worstQuestionMs)} at worst`,
  };
};
