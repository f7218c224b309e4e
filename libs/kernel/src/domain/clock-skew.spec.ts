import { describe, expect, it } from '@jest/globals';
import { SKEW_LIMIT_MS, skewOf } from './clock-skew.js';

describe('skewOf', () => {
  it.each([
    [0, undefined],
    [SKEW_LIMIT_MS, undefined],
    [-SKEW_LIMIT_MS, undefined],
    [SKEW_LIMIT_MS + 600, '31 s ahead of'],
    [-600_000, '600 s behind'],
  ])('of %s ms is %s', (offsetMs, text) => {
    expect(skewOf(offsetMs)).toBe(text);
  });
});
