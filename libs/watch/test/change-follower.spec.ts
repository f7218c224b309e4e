import { SilentLogger, stateIndex, SystemRandom, SystemTimers } from '@banyan/kernel';
import { FakeTime } from '@banyan/testkit';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ChangeFollower } from '../src/index.js';
import { FakeLog, FakeProjection } from './fake-log.js';

const followers: ChangeFollower[] = [];
afterEach(async () => {
  for (const follower of followers.splice(0)) await follower.stop();
});

const follow = (log: FakeLog, pollMs = 20) => {
  const follower = new ChangeFollower({
    log,
    pollMs,
    timers: new SystemTimers(),
    random: new SystemRandom(),
    logger: new SilentLogger(),
  });
  const intentions = new FakeProjection(log, ['intention']);
  const roots = new FakeProjection(log, ['root', 'trust-domain']);
  follower.register(intentions);
  follower.register(roots);
  followers.push(follower);
  return { follower, intentions, roots };
};

const LIMIT = { limitMs: 5_000 };

describe('ChangeFollower', () => {
  it('loads every projection at the start, and counts every topic as changed at that index', async () => {
    const log = new FakeLog();
    log.commit('intention/a', 'root/r');
    const { follower, intentions, roots } = follow(log);
    await follower.start();
    expect([follower.latest, follower.topicIndex(['intention']), follower.topicIndex(['node'])]).toEqual([2, 2, 2]);
    expect([[...intentions.rows.keys()], [...roots.rows.keys()]]).toEqual([['intention/a'], ['root/r']]);
  });

  it('has an index of at least 1 for an empty log', async () => {
    const { follower } = follow(new FakeLog());
    await follower.start();
    expect(follower.topicIndex([])).toBe(1);
  });

  it('applies a change to the projections of its topic before its index is published, by a hint or by the poll', async () => {
    const log = new FakeLog();
    const { follower, intentions, roots } = follow(log, 60_000);
    await follower.start();
    const seenAtWake: (number | undefined)[] = [];
    const woken = follower
      .changed(['intention'], stateIndex(1), 5_000)
      .then(() =>
        seenAtWake.push(
          intentions.rows.get('intention/a'),
          follower.topicIndex(['intention']),
          follower.topicIndex(['root']),
        ),
      );
    log.commit('intention/a');
    log.hint();
    await woken;
    expect(seenAtWake).toEqual([2, 2, 1]);
    expect([roots.rows.size, roots.loads]).toEqual([0, 1]);
  });

  it('reaches an index without waiting for the poll, and answers TIMEOUT for one that does not come', async () => {
    const log = new FakeLog();
    const { follower, intentions } = follow(log, 60_000);
    await follower.start();
    const index = log.commit('intention/a');
    await follower.reached(index, LIMIT);
    expect(intentions.rows.get('intention/a')).toBe(2);
    await expect(follower.reached(stateIndex(99), { limitMs: 10 })).rejects.toMatchObject({
      name: 'BanyanError',
      code: 'TIMEOUT',
    });
    expect(follower.waiting).toBe(0);
  });

  it('reads a long backlog in batches, and applies all of it', async () => {
    const log = new FakeLog();
    const { follower, intentions } = follow(log, 60_000);
    await follower.start();
    for (let i = 0; i < 2_500; i += 1) log.commit(`intention/${i}`);
    const reads = log.reads;
    await follower.reached(stateIndex(2_501), LIMIT);
    expect(intentions.rows.size).toBe(2_500);
    expect(log.reads - reads).toBeLessThanOrEqual(4);
  });

  it('repeats a batch that a projection failed on, and publishes nothing until it succeeds', async () => {
    const log = new FakeLog();
    const { follower, intentions, roots } = follow(log);
    await follower.start();
    roots.failures = 2;
    const index = log.commit('intention/a', 'root/r');
    const published: number[] = [];
    follower.onBatch((_changes, latest) => void published.push(latest));
    await follower.reached(index, LIMIT);
    expect([published, intentions.rows.get('intention/a'), roots.rows.get('root/r')]).toEqual([[2], 2, 2]);
  });

  it('is behind while the log is away, and catches up when it is back', async () => {
    const log = new FakeLog();
    const { follower } = follow(log, 5);
    await follower.start();
    expect(follower.behindSince).toBeUndefined();
    log.away = true;
    await expect(follower.reached(stateIndex(2), { limitMs: 60 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    expect(follower.behindSince).toBeGreaterThan(0);
    log.away = false;
    await follower.reached(log.commit('intention/a'), LIMIT);
    expect(follower.behindSince).toBeUndefined();
  });

  it.each<[string, (log: FakeLog) => number]>([
    [
      'was trimmed beyond what is loaded',
      (log) => (log.commit('intention/x'), log.trim(), log.commit('intention/restored')),
    ],
    ['was restored to a lower index', (log) => (log.restore(1), 2)],
    ['was restored and has overtaken what is loaded', (log) => (log.restore(9), 10)],
  ])('loads everything again when the log %s, and wakes every watch', async (_what, happen) => {
    const log = new FakeLog();
    for (const key of ['a', 'b', 'c']) log.commit(`intention/${key}`);
    const { follower, intentions } = follow(log);
    await follower.start();
    const reloaded = new Promise<boolean>((resolve) => {
      follower.onBatch((_changes, _latest, wasReload) => resolve(wasReload));
    });
    // Even a watch from a higher index than the log will ever have again.
    const watch = follower.changed(['node'], stateIndex(4), 60_000);
    const expected = happen(log);
    log.hint();
    expect(await reloaded).toBe(true);
    await watch;
    await follower.reached(stateIndex(expected), LIMIT);
    expect([intentions.loads, follower.latest, intentions.rows.get('intention/restored')]).toEqual([
      2,
      expected,
      expected,
    ]);
    expect([...intentions.rows]).toEqual([...log.rows]);
  });

  it('ends its waits with ABORTED when it is stopped or the caller goes away, and leaves nothing behind', async () => {
    const { follower } = follow(new FakeLog());
    await follower.start();
    const caller = new AbortController();
    const gone = follower.changed(['root'], stateIndex(1), 60_000, caller.signal);
    const left = follower.changed(['root'], stateIndex(1), 60_000);
    caller.abort();
    await expect(gone).rejects.toMatchObject({ name: 'BanyanError', code: 'ABORTED' });
    await Promise.all([expect(left).rejects.toMatchObject({ code: 'ABORTED' }), follower.stop()]);
    expect(follower.waiting).toBe(0);
    await expect(follower.reached(stateIndex(9), LIMIT)).rejects.toMatchObject({ code: 'ABORTED' });
  });

  it('wakes many watches in slices, so that the event loop turns between them', async () => {
    const log = new FakeLog();
    const { follower } = follow(log, 60_000);
    await follower.start();
    let turns = 0;
    let counting = true;
    const count = (): void => {
      turns += 1;
      if (counting) setImmediate(count);
    };
    const watches = Array.from({ length: 2_000 }, () =>
      follower.changed(['root'], stateIndex(1), 60_000).then(() => turns),
    );
    const others = follower.changed(['intention'], stateIndex(1), 60_000).catch(() => 'not woken');
    log.commit('root/r');
    log.hint();
    count();
    const wokenInTurn = await Promise.all(watches);
    counting = false;
    expect(new Set(wokenInTurn).size).toBeGreaterThanOrEqual(8);
    expect(follower.waiting).toBe(1);
    await follower.stop();
    expect(await others).toBe('not woken');
  });

  it('goes on when a listener fails, refuses late projections, and forgets a listener that was taken away', async () => {
    const log = new FakeLog();
    const { follower, intentions } = follow(log);
    follower.onBatch(() => {
      throw new Error('a defect');
    });
    let heard = 0;
    const forget = follower.onBatch(() => void (heard += 1));
    await follower.start();
    forget();
    await follower.reached(log.commit('intention/a'), LIMIT);
    expect([heard, intentions.rows.size]).toEqual([1, 1]);
    expect(() => follower.register(intentions)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
  });

  it('tells how old its memory is while the log is not heard, and that it is current when it is heard again', async () => {
    const log = new FakeLog();
    const time = new FakeTime();
    const follower = new ChangeFollower({
      log,
      pollMs: 1_000,
      clock: time.clock,
      timers: new SystemTimers(),
      random: new SystemRandom(),
      logger: new SilentLogger(),
    });
    followers.push(follower);
    expect(follower.silentMs).toBe(0);
    await follower.start();
    log.away = true;
    time.jump(3_000);
    expect(follower.silentMs).toBe(0);
    time.jump(1);
    expect(follower.silentMs).toBe(3_001);
    time.jump(20_000);
    expect(follower.silentMs).toBe(23_001);
    log.away = false;
    await follower.reached(log.commit('intention/a'), LIMIT);
    expect(follower.silentMs).toBe(0);
  });
});
