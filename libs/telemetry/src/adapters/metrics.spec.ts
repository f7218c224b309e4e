import { BanyanError } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { createMetrics } from './metrics.js';

const codeOf = (action: () => unknown): string | undefined => {
  try {
    action();
  } catch (error) {
    if (error instanceof BanyanError) return error.code;
  }
  return undefined;
};

describe('createMetrics', () => {
  it('prints declared metrics and Node’s event loop delay with the labels of the process', async () => {
    const metrics = createMetrics({ datacenter: 'dc1' });
    metrics.counter({ name: 'banyan_leaves_signed_total', help: 'x', labels: ['result'] }).inc({ result: 'ok' }, 2);
    metrics.gauge({ name: 'banyan_watches', help: 'x' }).set(7);
    metrics.histogram({ name: 'banyan_sign_seconds', help: 'x' }).observe(0.002);
    const text = await metrics.text();
    expect(text).toContain('banyan_leaves_signed_total{result="ok",datacenter="dc1"} 2');
    expect(text).toContain('banyan_watches{datacenter="dc1"} 7');
    expect(text).toContain('banyan_sign_seconds_bucket{le="0.0025",datacenter="dc1"} 1');
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(metrics.contentType).toContain('text/plain');
  });

  it('refuses names that break the rules, and a second declaration', () => {
    const metrics = createMetrics();
    expect(codeOf(() => metrics.counter({ name: 'banyan_leaves', help: 'x' }))).toBe('INTERNAL');
    expect(codeOf(() => metrics.gauge({ name: 'banyan_leaves_total', help: 'x' }))).toBe('INTERNAL');
    expect(codeOf(() => metrics.histogram({ name: 'banyan_sign_ms', help: 'x' }))).toBe('INTERNAL');
    expect(codeOf(() => metrics.gauge({ name: 'leaves', help: 'x' }))).toBe('INTERNAL');
    metrics.gauge({ name: 'banyan_watches', help: 'x' });
    expect(codeOf(() => metrics.gauge({ name: 'banyan_watches', help: 'x' }))).toBe('INTERNAL');
  });
});
