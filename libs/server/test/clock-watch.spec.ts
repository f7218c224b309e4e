import { CA_ENTITIES } from '@banyan/ca';
import { MINUTE, SECOND, SystemRandom } from '@banyan/kernel';
import { eventually, FakeTime, RecordingLogger, withTestStore } from '@banyan/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ClockWatch } from '../src/core/clock-watch.js';

const stores = withTestStore(CA_ENTITIES);
const random = new SystemRandom();

describe('the clock of a server', () => {
  let time: FakeTime;
  let logger: RecordingLogger;
  let watch: ClockWatch;
  beforeEach(async () => {
    time = new FakeTime();
    logger = new RecordingLogger();
    const store = await stores.open();
    watch = new ClockWatch({ store, random, logger, clock: time.clock, timers: time.timers });
  });
  afterEach(() => watch.stop());

  it.each([
    ['10 min behind', 10 * MINUTE, 'our clock is 600 s behind the primary'],
    ['10 min ahead', -10 * MINUTE, 'our clock is 600 s ahead of the primary'],
  ])('is named CLOCK_SKEW when it is %s, once in the log, and again when it is over', (_what, theirs, words) => {
    for (let count = 0; count < 3; count += 1) watch.heard('the primary', time.now + theirs);
    expect(watch.note).toBe(`CLOCK_SKEW: ${words}`);
    expect(logger.of('clocks differ')).toEqual([{ state: 'CLOCK_SKEW', source: 'the primary', aheadMs: -theirs }]);
    for (let count = 0; count < 5; count += 1) watch.heard('the primary', time.now);
    expect(watch.note).toBeUndefined();
    expect(logger.of('clocks agree again')).toHaveLength(1);
  });

  it('is not suspected for messages that were only late', () => {
    for (const late of [45, 40, 35, 20, 3].map((seconds) => seconds * SECOND))
      watch.heard('the primary', time.now - late);
    expect(watch.note).toBeUndefined();
    expect([...watch.offsets]).toEqual([['the primary', 3_000]]);
  });

  it('is compared with the database’s, which tells the machine’s time', async () => {
    watch.start();
    await eventually('the database was asked', () => watch.offsets.has('the database'));
    // The test's clock stands years ahead of the machine's.
    expect(watch.note).toMatch(/^CLOCK_SKEW: our clock is \d+ s ahead of the database$/);
  });
});
