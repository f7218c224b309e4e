import { agentReportSchema, NO_SIDECARS } from '@banyan/adoption';
import { SystemClock } from '@banyan/kernel';
import { FakeTime } from '@banyan/testkit';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ReportSource } from '../src/report-source.js';

/** Something that changes when it is told to. */
class Changing {
  readonly listeners = new Set<() => void>();

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  change(): void {
    this.listeners.forEach((listener) => listener());
  }
}

describe('what an agent reports', () => {
  let time: FakeTime;
  let told: number;
  let rootIds: string[] | undefined;
  let bundle: Changing;
  let leaves: Changing;
  let sidecars: Changing;
  let source: ReportSource;
  beforeEach(() => {
    time = new FakeTime(new SystemClock().now());
    told = 0;
    [bundle, leaves, sidecars] = [new Changing(), new Changing(), new Changing()];
    rootIds = ['r1', 'r2'];
    source = new ReportSource(
      {
        bundle: {
          get current() {
            return rootIds && { rootIds };
          },
          onChange: (listener) => bundle.onChange(listener),
        },
        leaves: {
          summary: () => ({ byRoot: { r1: 2 }, oldestAt: 5, rateLimited: 0 }),
          onChange: (listener) => leaves.onChange(listener),
        },
        sidecars: {
          summary: () => ({ ...NO_SIDECARS, staleSidecars: 1 }),
          onChange: (listener) => sidecars.onChange(listener),
        },
        identityRootId: () => 'r2',
        version: '1.2.3',
        clock: time.clock,
        timers: time.timers,
      },
      () => (told += 1),
    );
  });

  it('is collected from bundle, leaves, sidecars and identity', () => {
    const report = source.collect(-7);
    expect(agentReportSchema.parse(report)).toEqual({
      bundle: ['r1', 'r2'],
      identityRootId: 'r2',
      leaves: { byRoot: { r1: 2 }, oldestAt: 5, rateLimited: 0 },
      ...NO_SIDECARS,
      staleSidecars: 1,
      clockOffsetMs: -7,
      version: '1.2.3',
    });
    rootIds = undefined;
    expect(source.collect(0).bundle).toEqual([]);
  });

  it('is told 200 ms after a change, several changes together', async () => {
    bundle.change();
    leaves.change();
    await time.advance(199);
    sidecars.change();
    expect(told).toBe(0);
    await time.advance(1);
    expect(told).toBe(1);
    await time.advance(10_000);
    expect(told).toBe(1);
  });

  it('is told once per second while changes go on', async () => {
    for (let ms = 0; ms < 10_000; ms += 50) {
      leaves.change();
      await time.advance(50);
    }
    expect(told).toBeGreaterThanOrEqual(9);
    expect(told).toBeLessThanOrEqual(11);
  });

  it('is told no more after the end', async () => {
    leaves.change();
    source.stop();
    leaves.change();
    await time.advance(5_000);
    expect([told, leaves.listeners.size]).toEqual([0, 0]);
  });
});
