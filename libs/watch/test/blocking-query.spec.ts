import {
  type DurationMs,
  durationMs,
  MINUTE,
  Random,
  SilentLogger,
  type StateIndex,
  stateIndex,
  SystemRandom,
  SystemTimers,
} from '@banyan/kernel';
import { afterEach, describe, expect, it } from '@jest/globals';
import { array, assert, asyncProperty, boolean, constantFrom, record } from 'fast-check';
import { blockingQuery, ChangeFollower, waitLimit } from '../src/index.js';
import { FakeLog, FakeProjection } from './fake-log.js';

/** Draws what it was given. */
class FixedRandom extends Random {
  constructor(private readonly value: number) {
    super();
  }
  override bytes(length: number): Uint8Array {
    return new Uint8Array(length);
  }
  override fraction(): number {
    return this.value;
  }
  override uuid(): string {
    return '00000000-0000-4000-8000-000000000000';
  }
}

/** Real timers that note every wait. */
class NotingTimers extends SystemTimers {
  readonly waits: number[] = [];
  override set(delayMs: number, callback: () => void) {
    this.waits.push(delayMs);
    return super.set(delayMs, callback);
  }
}

const followers: ChangeFollower[] = [];
afterEach(async () => {
  for (const follower of followers.splice(0)) await follower.stop();
});

const setUp = async () => {
  const log = new FakeLog();
  const timers = new NotingTimers();
  const follower = new ChangeFollower({
    log,
    timers,
    random: new SystemRandom(),
    logger: new SilentLogger(),
    pollMs: 60_000,
  });
  const rows = new FakeProjection(log, ['intention']);
  follower.register(rows);
  followers.push(follower);
  await follower.start();
  const ask = (minIndex?: StateIndex, maxWaitMs: DurationMs = durationMs(20), signal?: AbortSignal) =>
    blockingQuery({
      follower,
      topics: ['intention'],
      minIndex,
      maxWaitMs,
      signal,
      random: new FixedRandom(0),
      read: () => [...rows.rows],
    });
  return { log, timers, follower, rows, ask };
};

describe('blockingQuery', () => {
  it('answers at once without an index, and with index 0', async () => {
    const { ask, timers } = await setUp();
    timers.waits.length = 0;
    expect(await ask()).toEqual({ index: 1, value: [] });
    expect(await ask(stateIndex(0))).toEqual({ index: 1, value: [] });
    expect(timers.waits).toEqual([]);
  });

  it('answers at once when the index has moved beyond the caller’s', async () => {
    const { ask, log, follower } = await setUp();
    await follower.reached(log.commit('intention/a'), { limitMs: 5_000 });
    expect(await ask(stateIndex(1), durationMs(60_000))).toEqual({ index: 2, value: [['intention/a', 2]] });
  });

  it('waits for a change of its topics, and is not answered for one of others', async () => {
    const { ask, log, follower } = await setUp();
    let answered = false;
    const answer = ask(stateIndex(1), durationMs(60_000)).finally(() => {
      answered = true;
    });
    await follower.reached(log.commit('root/r'), { limitMs: 5_000 });
    await new Promise(setImmediate);
    expect(answered).toBe(false);
    log.commit('intention/a');
    log.hint();
    expect(await answer).toEqual({ index: 3, value: [['intention/a', 3]] });
  });

  it('gives the full value and the same index again when the time is up, and after an index of the future', async () => {
    const { ask, log, follower } = await setUp();
    await follower.reached(log.commit('intention/a'), { limitMs: 5_000 });
    const full = { index: 2, value: [['intention/a', 2]] };
    expect(await ask(stateIndex(2))).toEqual(full);
    expect(await ask(stateIndex(77))).toEqual(full);
  });

  it('adds up to a sixteenth of the wait, and not more', async () => {
    const { follower, timers } = await setUp();
    const maxWaitMs = durationMs(16);
    for (const fraction of [0, 0.5, 0.999]) {
      timers.waits.length = 0;
      await blockingQuery({
        follower,
        topics: ['root'],
        minIndex: stateIndex(1),
        maxWaitMs,
        random: new FixedRandom(fraction),
        read: () => 0,
      });
      expect(timers.waits).toEqual([16 + fraction]);
    }
  });

  it('ends with ABORTED when the caller goes away, before or during the wait', async () => {
    const { ask, follower } = await setUp();
    const caller = new AbortController();
    const waiting = ask(stateIndex(1), durationMs(60_000), caller.signal);
    caller.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'BanyanError', code: 'ABORTED' });
    await expect(ask(undefined, durationMs(1), caller.signal)).rejects.toMatchObject({ code: 'ABORTED' });
    expect(follower.waiting).toBe(0);
  });

  it('never misses a change: a watcher that asks again with each index ends with what the log ends with', async () => {
    const step = record({
      keys: array(constantFrom('intention/a', 'intention/b', 'root/r', 'node/n'), { minLength: 1, maxLength: 3 }),
      hint: boolean(),
      turn: boolean(),
      event: constantFrom('commit', 'commit', 'commit', 'trim', 'restore'),
    });
    await assert(
      asyncProperty(array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
        const { ask, log, follower } = await setUp();
        const stop = new AbortController();
        let held: { index: StateIndex; value: [string, number][] } = await ask();
        const indexes: number[] = [held.index];
        const ended = new AbortController();
        const watch = async (): Promise<void> => {
          for (;;) {
            held = await ask(held.index, durationMs(60_000), stop.signal);
            indexes.push(held.index);
          }
        };
        // Ends with whatever ends a question: one that is refused at once, over and over, would never give up the thread.
        const watcher = expect(watch().finally(() => ended.abort())).rejects.toMatchObject({ code: 'ABORTED' });
        for (const { keys, hint, turn, event } of steps) {
          if (event === 'trim') log.trim();
          if (event === 'restore') log.restore(indexes.at(-1) ?? 1);
          log.commit(...new Set(keys));
          if (hint) log.hint();
          if (turn) await new Promise(setImmediate);
        }
        const last = log.commit('intention/last');
        await follower.reached(last, { limitMs: 5_000 });
        while (held.index < last && !ended.signal.aborted) await new Promise(setImmediate);
        stop.abort();
        await watcher;
        await follower.stop();
        const current = [...log.rows].filter(([name]) => name.startsWith('intention/'));
        expect(new Map(held.value)).toEqual(new Map(current));
        expect(Math.min(...indexes)).toBeGreaterThanOrEqual(1);
      }),
      { numRuns: 60 },
    );
  });
});

describe('waitLimit', () => {
  it('is 5 minutes when absent, zero or negative, and 10 minutes at most', () => {
    expect([waitLimit(), waitLimit(durationMs(0)), waitLimit(durationMs(-1))]).toEqual([
      5 * MINUTE,
      5 * MINUTE,
      5 * MINUTE,
    ]);
    expect([waitLimit(durationMs(1)), waitLimit(durationMs(10 * MINUTE)), waitLimit(durationMs(11 * MINUTE))]).toEqual([
      1,
      10 * MINUTE,
      10 * MINUTE,
    ]);
  });
});
