import { BanyanError, SystemTimers } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { HealthRegistry } from './health-registry.js';

describe('HealthRegistry', () => {
  it('is well when every dependency is', async () => {
    const health = new HealthRegistry({ timers: new SystemTimers() });
    health.register('store', async () => ({ ok: true }));
    expect(await health.report()).toEqual({ ok: true, dependencies: [{ name: 'store', ok: true, reason: '' }] });
  });

  it('names each dependency that is not well, with its reason, its code, or its silence', async () => {
    const health = new HealthRegistry({ timers: new SystemTimers(), limitMs: 20 });
    let aborted = false;
    health.register('authority', () => ({ ok: false, reason: 'WAITING_PRIMARY' }));
    health.register('store', () => Promise.reject(new BanyanError('STORE_UNREACHABLE', 'no answer')));
    health.register('wan', (signal) => {
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return new Promise(() => undefined);
    });
    expect(await health.report()).toEqual({
      ok: false,
      dependencies: [
        { name: 'authority', ok: false, reason: 'WAITING_PRIMARY' },
        { name: 'store', ok: false, reason: 'STORE_UNREACHABLE: no answer' },
        { name: 'wan', ok: false, reason: 'no answer within 20 ms' },
      ],
    });
    expect(aborted).toBe(true);
  });

  it('forgets a check that was taken away', async () => {
    const health = new HealthRegistry({ timers: new SystemTimers() });
    health.register('gone', () => ({ ok: false, reason: 'x' }))();
    expect(await health.report()).toEqual({ ok: true, dependencies: [] });
  });

  it('is degraded, and not unwell, by what reads do not need', async () => {
    const health = new HealthRegistry({ timers: new SystemTimers() });
    health.register('database', () => Promise.reject(new Error('gone')), { degrades: true });
    health.register('identity', () => ({ ok: true }));
    expect(await health.report()).toMatchObject({
      ok: true,
      degraded: true,
      dependencies: [
        { name: 'database', ok: false, reason: 'gone' },
        { name: 'identity', ok: true },
      ],
    });
    health.register('identity', () => ({ ok: false, reason: 'none yet' }));
    expect(await health.report()).toMatchObject({ ok: false, degraded: true });
  });
});
