import { isBanyanError } from '@banyan/kernel';
import { FakeTime, settled } from '@banyan/testkit';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { CsrLimiter, type CsrLimits } from '../src/domain/csr-limiter.js';

describe('CsrLimiter', () => {
  let time: FakeTime;
  let limits: CsrLimits;
  let limiter: CsrLimiter;
  /** What became of each request, in the order in which it was known. */
  let told: string[];
  let ends: (() => void)[];
  beforeEach(() => {
    time = new FakeTime();
    limiter = new CsrLimiter(() => limits, time.timers, time.clock);
    told = [];
    ends = [];
  });

  const ask = async (name: string, work: () => Promise<void> = async () => {}): Promise<void> => {
    const asked = time.now;
    await limiter
      .run(async () => {
        told.push(`${name} signed after ${time.now - asked}`);
        await work();
      })
      .catch((error: unknown) => {
        if (!isBanyanError(error, 'CSR_RATE_LIMITED')) throw error;
        told.push(`${name} back in ${error.fields['retryAfterMs']}`);
      });
  };
  const askLong = (name: string): Promise<void> => ask(name, () => new Promise((resolve) => ends.push(resolve)));

  it('spreads signatures at the rate, lets a request wait for 500 ms, and tells the others when to come back', async () => {
    limits = { perSecond: 4, concurrent: 0 };
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => ask(name));
    await settled();
    expect(told).toEqual(['a signed after 0', 'd back in 750', 'e back in 1000']);
    await time.advance(500);
    await Promise.all(all);
    expect(told.slice(3)).toEqual(['b signed after 250', 'c signed after 500']);
    await time.advance(250);
    await ask('f');
    expect(told.at(-1)).toBe('f signed after 0');
  });

  it('tells everybody a moment of their own to come back, and who keeps to it is signed at once', async () => {
    limits = { perSecond: 100, concurrent: 0 };
    const all = Array.from({ length: 200 }, (_, n) => ask(`n${n}`));
    await settled();
    const moments = told.filter((line) => line.includes('back in')).map((line) => Number(line.split(' ').at(-1)));
    expect(moments).toHaveLength(149);
    expect(moments).toEqual(moments.map((_, place) => 510 + place * 10));
    await time.advance(510);
    await Promise.all(all);
    told.length = 0;
    for (let place = 0; place < 149; place += 1) {
      await ask(`again${place}`);
      await time.advance(10);
    }
    expect(told).toEqual(moments.map((_, place) => `again${place} signed after 0`));
  });

  it('pushes nobody away for ever because others do not keep to their moment', async () => {
    limits = { perSecond: 100, concurrent: 0 };
    const all = Array.from({ length: 20_000 }, (_, n) => ask(`n${n}`));
    await settled();
    const moments = told.filter((line) => line.includes('back in')).map((line) => Number(line.split(' ').at(-1)));
    expect(Math.max(...moments)).toBe(60_510);
    expect(new Set(moments).size).toBe(6_001);
    await time.advance(510);
    await Promise.all(all);
  });

  it('spreads those who found no place by how long a place is held', async () => {
    limits = { perSecond: 0, concurrent: 2 };
    const all = Array.from({ length: 6 }, (_, n) => askLong(`n${n}`));
    await time.advance(500);
    const moments = told.filter((line) => line.includes('back in')).map((line) => Number(line.split(' ').at(-1)));
    expect(moments).toEqual([500, 503, 505, 508]);
    ends.forEach((end) => end());
    await Promise.all(all);
  });

  it('saves no slots up: after a pause there is still one at once', async () => {
    limits = { perSecond: 4, concurrent: 0 };
    await ask('a');
    await time.advance(60_000);
    const late = [ask('b'), ask('c')];
    await settled();
    expect(told.slice(1)).toEqual(['b signed after 0']);
    await time.advance(250);
    await Promise.all(late);
    expect(told.at(-1)).toBe('c signed after 250');
  });

  it('goes on when the clock is set back, and when a very low rate is raised', async () => {
    limits = { perSecond: 4, concurrent: 0 };
    await ask('a');
    time.jump(-3_600_000);
    await ask('b');
    expect(told.at(-1)).toBe('b signed after 0');
    await time.advance(1_000);
    limits = { perSecond: 0.01, concurrent: 0 };
    await ask('c');
    await ask('d');
    expect(told.at(-1)).toBe('d back in 100000');
    limits = { perSecond: 4, concurrent: 0 };
    await ask('e');
    expect(told.at(-1)).toBe('e signed after 0');
  });

  it('without a rate lets so many sign at once; the next in line gets the place of who leaves', async () => {
    limits = { perSecond: 0, concurrent: 2 };
    const all = ['a', 'b', 'c', 'd'].map((name) => askLong(name));
    await settled();
    expect(told).toEqual(['a signed after 0', 'b signed after 0']);
    await time.advance(300);
    ends[1]!();
    await settled();
    expect(told.at(-1)).toBe('c signed after 300');
    await time.advance(200);
    expect(told.at(-1)).toBe('d back in 500');
    ends.forEach((end) => end());
    await Promise.all(all);
    await ask('e');
    expect(told.at(-1)).toBe('e signed after 0');
    expect(time.waits).toEqual([]);
  });

  it('gives a place back when the signature fails, and shrinks when the limit is lowered', async () => {
    limits = { perSecond: 0, concurrent: 1 };
    await expect(limiter.run(() => Promise.reject(new Error('the key is away')))).rejects.toThrow('away');
    await ask('a');
    expect(told).toEqual(['a signed after 0']);
    limits = { perSecond: 0, concurrent: 2 };
    const all = ['b', 'c'].map((name) => askLong(name));
    await settled();
    limits = { perSecond: 0, concurrent: 1 };
    all.push(askLong('d'));
    ends[0]!();
    await settled();
    expect(told.at(-1)).toBe('c signed after 0');
    ends[1]!();
    await settled();
    expect(told.at(-1)).toBe('d signed after 0');
    ends[2]!();
    await Promise.all(all);
  });

  it('knows no limit when both are 0', async () => {
    limits = { perSecond: 0, concurrent: 0 };
    const all = Array.from({ length: 100 }, (_, n) => askLong(`n${n}`));
    await settled();
    expect(told).toHaveLength(100);
    ends.forEach((end) => end());
    await Promise.all(all);
  });
});
