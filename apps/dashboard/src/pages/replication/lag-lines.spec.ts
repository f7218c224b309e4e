import { describe, expect, it } from '@jest/globals';
import type { LagHistory, LagSample } from '../../api/replication.js';
import { lagChart } from './lag-lines.js';

const FROM = Date.parse('2031-01-01T00:00:00Z');

const historyOf = (minutes: number, samples: readonly LagSample[]): LagHistory => ({
  Since: new Date(FROM).toISOString(),
  Now: new Date(FROM + minutes * 60_000).toISOString(),
  SampleSeconds: 10,
  KeepSeconds: 21_600,
  Series: [
    { Datacenter: 'dc2', Stream: 'tokens', Samples: samples },
    { Datacenter: 'dc3', Stream: 'tokens', Samples: [] },
  ],
});

const sample = (second: number, LagSeconds: number | null, more: Partial<LagSample> = {}): LagSample => ({
  At: new Date(FROM + second * 1_000).toISOString(),
  State: 'READY',
  LagIndex: 0,
  LagSeconds,
  ...more,
});

describe('the lines of lag', () => {
  it('stand over the whole window, with gaps where nothing was sampled', () => {
    const { times, lines } = lagChart(historyOf(1, [sample(5, 1), sample(15, 2), sample(45, 3)]), 'dc2', 'seconds');
    expect(times.length).toBe(6);
    expect(lines).toEqual([{ name: 'tokens', values: [1, 2, null, null, 3, null], last: 3, most: 3 }]);
  });

  it('keep the peak of a step that stands for several samples', () => {
    const samples = Array.from({ length: 2_160 }, (_, at) => sample(at * 10 + 1, at === 1_000 ? 99 : 0));
    const { times, lines } = lagChart(historyOf(360, samples), 'dc2', 'seconds');
    expect([times.length, lines[0]?.most, lines[0]?.last]).toEqual([720, 99, 0]);
  });

  it('leave out what was never measured, and other datacenters', () => {
    const history = historyOf(1, [sample(5, null, { RoundTripMs: 130 })]);
    expect(lagChart(history, 'dc2', 'seconds').lines).toEqual([]);
    expect(lagChart(history, 'dc2', 'roundTrip').lines.map(({ most }) => most)).toEqual([130]);
    expect(lagChart(history, 'dc3', 'index').lines).toEqual([]);
  });
});
