import { describe, expect, it } from '@jest/globals';
import { answerLimitMs } from '@banyan/http-kit';

describe('the wait for an answer from another process', () => {
  it('is long only for a query that waits', () => {
    const longest = 10 * 60_000 * (1 + 1 / 16);
    expect(answerLimitMs('GET', '/v1/catalog/services?index=7&wait=10m')).toBeGreaterThan(longest);
    expect(answerLimitMs('GET', '/v1/catalog/services?dc=dc2&index=10')).toBeGreaterThan(longest);
    for (const path of ['/v1/catalog/services', '/v1/catalog/services?index=0', '/v1/health/service/index=7']) {
      expect(answerLimitMs('GET', path)).toBeLessThan(15_000);
    }
    expect(answerLimitMs('PUT', '/v1/connect/ca/configuration')).toBeLessThan(longest);
  });
});
