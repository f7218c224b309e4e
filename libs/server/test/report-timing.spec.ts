import { type DatacenterAdoption, summarize } from '@banyan/adoption';
import { epochMs } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { authorityReportSchema, parseAuthorityReport } from '../src/primary/authority-report-schema.js';
import { ReportTiming } from '../src/secondary/report-timing.js';

const at = (ms: number) => epochMs(1_800_000_000_000 + ms);
const adoptionUnder = (signingRootId: string): DatacenterAdoption =>
  summarize({
    authority: {
      datacenter: 'dc2',
      bundle: ['r1', 'r2'],
      signingRootId,
      tainted: false,
      horizons: { r1: 5 },
      signing: { budgetPerSecond: 250 },
    },
    agents: [],
    ledgerLeaves: {},
    now: at(0),
  });
const [before, after] = [adoptionUnder('r1'), adoptionUnder('r2')];

describe('a report to the primary', () => {
  it('goes out every 3 s, and within a second of a change that a gate may hang on', () => {
    const timing = new ReportTiming();
    expect(timing.waitMs(before, at(0))).toBe(0);
    timing.told(before, at(0));
    expect([
      timing.waitMs(before, at(100)),
      timing.waitMs(before, at(2_500)),
      timing.waitMs(before, at(3_000)),
    ]).toEqual([1_000, 500, 0]);
    expect([timing.waitMs(after, at(100)), timing.waitMs(after, at(1_000))]).toEqual([900, 0]);
    const measured = { ...before, signing: { budgetPerSecond: 250, measuredPerSecond: 912.5 } };
    expect(timing.waitMs(measured, at(1_000))).toBe(1_000);
  });

  it('goes out at once when somebody asks, once, and after the clock was set back', () => {
    const timing = new ReportTiming();
    timing.told(before, at(0));
    timing.hurry();
    expect(timing.waitMs(before, at(1))).toBe(0);
    timing.telling();
    timing.told(before, at(1));
    expect(timing.waitMs(before, at(2))).toBe(1_000);
    expect(timing.waitMs(before, at(-60_000))).toBe(0);
  });

  it('carries the adoption; one that the primary does not understand counts as none, and the rest of the report holds', () => {
    const report = { signingRootId: 'r1', horizons: { r1: 5 }, adoption: before };
    expect(parseAuthorityReport(JSON.stringify(report))).toEqual(report);
    const strange = authorityReportSchema.parse({ ...report, adoption: { ...before, leaves: 'many' } });
    expect([strange.adoption, strange.signingRootId]).toEqual([undefined, 'r1']);
  });
});
