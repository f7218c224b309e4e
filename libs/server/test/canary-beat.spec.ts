import { durationMs } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { beatMs } from '../src/primary/canary-beat.js';

describe('the beat of the canary', () => {
  it('fits five times into the objective, and is never slower than 5 s', () => {
    const beats = [1_000, 2_000, 10_000, 20_000, 60_000, 600_000].map((objective) => beatMs(durationMs(objective)));
    expect(beats).toEqual([200, 400, 2_000, 4_000, 5_000, 5_000]);
  });
});
