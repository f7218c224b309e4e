import { afterEach, describe, expect, it } from '@jest/globals';
import type { CaProjection, SigningAuthority } from '@banyan/ca';
import { BanyanError, type EpochMs, type ErrorCode } from '@banyan/kernel';
import type { Fence } from '@banyan/store';
import { FakeTime, RecordingLogger, ScriptedRandom, settled } from '@banyan/testkit';
import { AuthorityTask } from '../src/core/authority-task.js';

const SECOND = 1_000;
const tasks: AuthorityTask[] = [];
afterEach(async () => {
  for (const task of tasks.splice(0)) await task.stop();
});

/** An authority task over an issuer that answers what the test says; counts how often it is asked. */
const asking = async (code: ErrorCode | undefined) => {
  const time = new FakeTime();
  const t = { asked: 0, code, time, changed: () => {}, task: undefined as unknown as AuthorityTask };
  const signing = {
    reconcile: (): Promise<EpochMs> => {
      t.asked += 1;
      return t.code === undefined
        ? Promise.resolve((time.now + 3_600 * SECOND) as EpochMs)
        : Promise.reject(new BanyanError(t.code, 'no'));
    },
  } as unknown as SigningAuthority;
  const projection = {
    onChange: (listener: () => void) => {
      t.changed = listener;
      return () => {};
    },
  } as unknown as CaProjection;
  t.task = new AuthorityTask({
    fence: () => ({}) as Fence,
    duties: { prepare: async () => {}, maintain: async () => {} },
    signing,
    projection,
    clock: time.clock,
    timers: time.timers,
    random: new ScriptedRandom(),
    logger: new RecordingLogger(),
  });
  tasks.push(t.task);
  t.task.start();
  await settled();
  return t;
};
/** How often it asked within so many seconds. */
const within = async (t: Awaited<ReturnType<typeof asking>>, seconds: number): Promise<number> => {
  const before = t.asked;
  for (let i = 0; i < seconds * 2; i += 1) await t.time.advance(SECOND / 2);
  return t.asked - before;
};

describe('an intermediate that is refused', () => {
  it('is asked for again after longer and longer pauses, of half a minute at most', async () => {
    const t = await asking('PERMISSION_DENIED');
    const first = await within(t, 60);
    expect(first).toBeGreaterThanOrEqual(5);
    expect(first).toBeLessThanOrEqual(7);
    const later = await within(t, 300);
    expect(later).toBeGreaterThanOrEqual(7);
    expect(later).toBeLessThanOrEqual(11);
    expect([t.task.failureCode, t.task.failure]).toEqual(['PERMISSION_DENIED', 'no']);
  });

  it('is asked for at once when something changes, and from the shortest pause again', async () => {
    const t = await asking('PERMISSION_DENIED');
    await within(t, 300);
    for (const change of [() => t.task.wake(), () => t.changed()]) {
      const before = t.asked;
      change();
      await settled();
      expect(t.asked).toBe(before + 1);
      expect(await within(t, 4)).toBeGreaterThanOrEqual(2);
      await within(t, 300);
    }
    t.code = undefined;
    t.task.wake();
    await settled();
    expect(t.task.failureCode).toBeUndefined();
  });

  it('is no refusal while the primary cannot be reached: that is tried every two seconds', async () => {
    const t = await asking('DATACENTER_UNREACHABLE');
    await within(t, 60);
    expect(await within(t, 60)).toBeGreaterThanOrEqual(20);
  });
});
