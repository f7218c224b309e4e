import { contentHash, epochMs, SecretText, SilentLogger, SystemRandom, SystemTimers } from '@banyan/kernel';
import { TOPICS } from '@banyan/store';
import { FakeTime, holdLease, withTestStore } from '@banyan/testkit';
import { ChangeFollower } from '@banyan/watch';
import { describe, expect, it } from '@jest/globals';
import { canaryEntry, CANARY_NAME, canaryOf } from '../src/domain/canary.js';
import { verdictOf } from '../src/domain/verdict.js';
import { intentionsOf } from '../src/domain/intention.js';
import {
  CanaryRow,
  canaryReplica,
  IntentionProjection,
  parseIntentionName,
  ServiceIntentionsRow,
  StoreIntentionWriter,
  writeCanary,
} from '../src/index.js';

const stores = withTestStore([ServiceIntentionsRow, CanaryRow]);
const context = { token: new SecretText('not used by the store'), accessorId: 'a' };
const ambient = { timers: new SystemTimers(), random: new SystemRandom(), logger: new SilentLogger() };

const verdictFor = (sequence: number, allowed: boolean) => {
  const entry = canaryEntry({ sequence, writtenAt: epochMs(5) });
  const [intention] = intentionsOf({ ...entry, createIndex: 1 as never, modifyIndex: 1 as never });
  return { ...verdictOf(intention!), allowed };
};

describe('the canary', () => {
  it('is answered by the decision engine, each one in turn, and appears in no list', async () => {
    const store = await stores.open();
    const lease = await holdLease(store);
    const intentions = new IntentionProjection(store);
    const follower = new ChangeFollower({ log: store, ...ambient });
    follower.register(intentions);
    await follower.start();
    const written = await new StoreIntentionWriter(store, ambient.logger).upsert(context, {
      sourceName: '*',
      destinationName: '*',
      action: 'allow',
    });
    await follower.reached(written, { limitMs: 10_000 });
    const time = new FakeTime();
    expect(intentions.canary()).toBeUndefined();
    const list = intentions.list();
    for (const sequence of [1, 2, 3]) {
      const canary = await writeCanary(store, time.clock, lease.fence);
      await follower.reached(await store.currentIndex(), { limitMs: 10_000 });
      expect(canary).toEqual({ sequence, writtenAt: time.now });
      expect(intentions.canary()).toEqual(canary);
      await time.advance(2_000);
    }
    // Not the same content: the very same list, because nothing in it changed.
    expect(intentions.list()).toBe(list);
    expect(list).toHaveLength(1);
    for (const by of ['source', 'destination'] as const) {
      expect(intentions.match(by, CANARY_NAME).map((row) => row.destinationName)).toEqual(['*']);
    }
    expect(intentions.exact(CANARY_NAME, CANARY_NAME)).toBeUndefined();
    expect(follower.topicIndex(['intention'])).toBe(written);
    expect(await store.dataSource.manager.count(CanaryRow)).toBe(1);
    const again = new IntentionProjection(store);
    await again.load();
    expect(again.canary()?.sequence).toBe(3);
    expect(again.list()).toHaveLength(1);
    await lease.release();
    await follower.stop();
  });

  it('wakes nobody who waits for anything else, however often it is written', async () => {
    const store = await stores.open();
    const lease = await holdLease(store);
    const follower = new ChangeFollower({ log: store, ...ambient });
    follower.register(new IntentionProjection(store));
    await follower.start();
    const others = TOPICS.filter((topic) => topic !== 'canary');
    expect(others).toContain('intention');
    const ended: string[] = [];
    const going = new AbortController();
    const waiting = (topics: readonly string[], name: string): Promise<unknown> =>
      follower.changed(topics, follower.topicIndex(topics), 60_000, going.signal).then(
        () => ended.push(name),
        () => undefined,
      );
    const waits = [waiting(others, 'the others'), waiting(['canary'], 'the canary')];
    const before = follower.topicIndex(others);
    for (let beat = 0; beat < 5; beat += 1) {
      await writeCanary(store, new FakeTime().clock, lease.fence);
      await follower.reached(await store.currentIndex(), { limitMs: 10_000 });
    }
    // Whoever was to be woken has been: watchers are called before an index counts as reached.
    expect(ended).toEqual(['the canary']);
    expect(follower.topicIndex(others)).toBe(before);
    // The others do wait for something: the very same wait ends with an intention.
    const change = { sourceName: 'web', destinationName: 'api', action: 'deny' } as const;
    const index = await new StoreIntentionWriter(store, ambient.logger).upsert(context, change);
    await follower.reached(index, { limitMs: 10_000 });
    await Promise.all(waits);
    expect(ended).toEqual(['the canary', 'the others']);
    going.abort();
    await lease.release();
    await follower.stop();
  });

  it('has a name that nobody can ask for', () => {
    expect(() => parseIntentionName(CANARY_NAME, 'destination')).toThrow(
      expect.objectContaining({ name: 'BanyanError', code: 'INTENTION_INVALID' }),
    );
  });

  it('is written by the holder of the lease only', async () => {
    const store = await stores.open();
    const lease = await holdLease(store);
    const overtaken = { ...lease.fence, fencing: lease.fence.fencing - 1 };
    await expect(writeCanary(store, new FakeTime().clock, overtaken)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await store.dataSource.manager.count(CanaryRow)).toBe(0);
    await lease.release();
  });

  it('is not believed when the engine gives the answer of another sequence', () => {
    expect(canaryOf(verdictFor(4, true))).toEqual({ sequence: 4, writtenAt: 5 });
    expect(canaryOf(verdictFor(5, false))).toEqual({ sequence: 5, writtenAt: 5 });
    expect(canaryOf(verdictFor(4, false))).toBeUndefined();
    expect(canaryOf(verdictFor(5, true))).toBeUndefined();
    expect(canaryOf({ allowed: true, reason: '', code: 'DEFAULT_POLICY' })).toBeUndefined();
  });

  it('crosses the WAN like any record: unchanged it is not written, changed on the way it is refused', async () => {
    const store = await stores.open();
    const body = { sequence: 7, writtenAt: 1_000 };
    const item = { key: CANARY_NAME, contentHash: contentHash(body), body };
    const stage = (each: typeof item) => store.run((tx) => canaryReplica.stage(tx, each));
    expect((await stage(item)).value).toBe(true);
    expect((await stage(item)).value).toBe(false);
    await expect(stage({ ...item, body: { ...body, sequence: 8 } })).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    expect(await canaryReplica.snapshot(store.dataSource.manager)).toEqual([item]);
    expect((await store.run((tx) => canaryReplica.stageDelete(tx, CANARY_NAME))).value).toBe(false);
  });
});
