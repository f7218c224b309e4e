import { BanyanError, SilentLogger, type StateIndex, stateIndex, SystemRandom, SystemTimers } from '@banyan/kernel';
import { intentionReplica } from '@banyan/intentions';
import type { ReplicatedTopic } from '@banyan/store';
import { eventually, FakeTime, settled, withTestStore } from '@banyan/testkit';
import { ChangeFollower } from '@banyan/watch';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type FeedEvent, ReplicationCursorRow } from '../src/index.js';
import { ENTITIES, INTENTIONS, TwoDatacenters } from './two-datacenters.js';

const stores = withTestStore(ENTITIES);

describe('replication between two PostgreSQL stores', () => {
  let mesh: TwoDatacenters;
  beforeEach(async () => {
    mesh = await TwoDatacenters.open(await stores.open(), await stores.open());
  });
  afterEach(() => mesh.stop());

  const kinds = (): string[] => mesh.wan.carried.filter((e) => e.kind !== 'heartbeat').map((e) => e.kind);
  const replace = (kind: FeedEvent['kind'], by: (event: FeedEvent) => FeedEvent): void => {
    mesh.wan.carry = (event) => [event.kind === kind ? by(event) : event];
  };
  const storedCursor = () => mesh.secondary.dataSource.manager.findOneBy(ReplicationCursorRow, { stream: 'primary' });

  it('starts with a snapshot, goes on with changes, and is READY', async () => {
    await mesh.allow('web', 'shop');
    await mesh.allow('web', 'bank');
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    expect(kinds()).toEqual(['snapshot']);
    const index = await mesh.allow('batch', 'bank');
    await mesh.arrived(replicator, index);
    await mesh.forget('web', 'shop');
    await mesh.converged(replicator);
    expect(kinds()).toEqual(['snapshot', 'changes', 'changes']);
    expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
    expect(await mesh.rows('secondary')).toHaveLength(1);
    expect(replicator.status).toMatchObject({
      state: 'READY',
      epoch: mesh.primary.epoch,
      appliedIndex: await mesh.primary.currentIndex(),
      consecutiveFailures: 0,
    });
  });

  it('writes nothing that is there already: our index does not move, and nobody is woken', async () => {
    await mesh.allow('web', 'shop');
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    const before = await mesh.secondary.currentIndex();
    await mesh.primary.renewEpoch();
    await mesh.converged(mesh.replicate());
    expect(kinds()).toEqual(['snapshot', 'snapshot']);
    expect(await mesh.secondary.currentIndex()).toBe(before);
    expect(await storedCursor()).toMatchObject({ epoch: mesh.primary.epoch });
  });

  it('resumes from its cursor with the changes alone, also after a cut', async () => {
    await mesh.allow('web', 'shop');
    const first = mesh.replicate();
    await mesh.converged(first);
    mesh.wan.cut();
    const missed = await mesh.allow('web', 'bank');
    await eventually('the cut is noticed', () => first.status.state === 'WAITING_PRIMARY');
    expect(first.status).toMatchObject({ lastErrorCode: 'DATACENTER_UNREACHABLE', reason: 'the WAN is cut' });
    await expect(mesh.arrived(first, missed, 20)).rejects.toMatchObject({ name: 'BanyanError', code: 'TIMEOUT' });
    mesh.wan.heal();
    first.wake();
    await mesh.arrived(first, missed);
    await mesh.stopReplicating();
    await mesh.allow('web', 'mail');
    await mesh.converged(mesh.replicate());
    expect(kinds()).toEqual(['snapshot', 'changes', 'changes']);
    expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
  });

  it('loads a snapshot when the epoch changed or the log was trimmed, and deletes what it does not name', async () => {
    await mesh.allow('web', 'shop');
    await mesh.allow('web', 'bank');
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    await mesh.forget('web', 'shop');
    await mesh.primary.renewEpoch();
    await mesh.converged(mesh.replicate());
    expect((await mesh.rows('secondary')).map((row) => row.split(' ')[0])).toEqual(['bank']);
    await mesh.stopReplicating();
    await mesh.forget('web', 'bank');
    for (let n = 0; n < 5; n += 1) await mesh.allow(`w${n}`, 'mail');
    await mesh.primary.trimLog(1);
    await mesh.converged(mesh.replicate());
    expect(kinds()).toEqual(['snapshot', 'snapshot', 'snapshot']);
    expect((await mesh.rows('secondary')).map((row) => row.split(' ')[0])).toEqual(['mail']);
  });

  it('applies what changed together in one transaction', async () => {
    await mesh.allow('web', 'shop');
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    await mesh.stopReplicating();
    await mesh.forget('web', 'shop');
    await mesh.allow('web', 'bank');
    const before = await mesh.secondary.currentIndex();
    await mesh.converged(mesh.replicate());
    const { changes } = await mesh.secondary.changesAfter(before, 10);
    expect(changes.map((change) => [change.operation, change.key, change.index])).toEqual([
      ['upsert', 'bank', before + 1],
      ['delete', 'shop', before + 1],
    ]);
  });

  it('applies neither rows nor cursor when it fails half-way, and then resumes', async () => {
    await mesh.allow('web', 'shop');
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    const [rows, cursor] = [await mesh.rows('secondary'), await storedCursor()];
    await mesh.allow('web', 'aaa');
    await mesh.allow('web', 'zzz');
    const crashing: ReplicatedTopic = {
      ...intentionReplica,
      stage: (tx, item) =>
        item.key === 'zzz' ? Promise.reject(new Error('crashed')) : intentionReplica.stage(tx, item),
    };
    const crashed = mesh.replicate({ streams: [{ ...INTENTIONS, topics: [crashing] }] });
    await eventually('it crashes twice', () => crashed.status.consecutiveFailures >= 2);
    expect(crashed.status).toMatchObject({ state: 'DEGRADED', lastErrorCode: 'INTERNAL', reason: 'crashed' });
    await mesh.stopReplicating();
    expect(await mesh.rows('secondary')).toEqual(rows);
    expect(await storedCursor()).toEqual(cursor);
    await mesh.converged(mesh.replicate());
    expect(mesh.wan.cursors.at(-1)).toMatchObject({ epoch: cursor!.epoch, index: cursor!.index });
    expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
  });

  it('applies nothing once its lease was taken by another', async () => {
    await mesh.allow('web', 'shop');
    const overtaken = mesh.replicate({ fence: () => ({ ...mesh.fence, fencing: mesh.fence.fencing - 1 }) });
    await eventually('it is refused', () => overtaken.status.lastErrorCode === 'LEASE_LOST');
    expect(overtaken.status.state).toBe('DEGRADED');
    expect(await mesh.rows('secondary')).toEqual([]);
    expect(await storedCursor()).toBeNull();
  });

  it('on a server without the lease learns from the store how far the holder is', async () => {
    const standby = mesh.replicate({ fence: () => undefined });
    await eventually('it stands by', () => standby.status.state === 'STANDBY');
    expect(mesh.wan.cursors).toEqual([]);
    const holder = mesh.replicate();
    const index = await mesh.allow('web', 'shop');
    await mesh.arrived(standby, index);
    expect(await mesh.rows('secondary')).toHaveLength(1);
    // A change of the primary that is not replicated: the heartbeat that tells of it moves the stored cursor.
    const other = await mesh.primary.run(async (tx) => {
      tx.stage({ topic: 'datacenter', key: 'dc9', operation: 'upsert', contentHash: '', write: nothing });
    });
    await mesh.arrived(holder, other.index);
    await mesh.arrived(standby, other.index);
  });

  it('on a server without the lease has applied only what its own memory has', async () => {
    // Told of nothing and hardly ever looking: it has what somebody waits for.
    const log = {
      listen: () => Promise.resolve({ close: () => Promise.resolve() }),
      currentIndex: () => mesh.secondary.currentIndex(),
      changesAfter: (index: StateIndex, limit: number) => mesh.secondary.changesAfter(index, limit),
    };
    const ambient = { timers: new SystemTimers(), random: new SystemRandom(), logger: new SilentLogger() };
    const follower = new ChangeFollower({ log, ...ambient, pollMs: 60_000 });
    await follower.start();
    const standby = mesh.replicate({ fence: () => undefined, follower });
    await eventually('it stands by', () => standby.status.state === 'STANDBY');
    mesh.replicate();
    await mesh.arrived(standby, await mesh.allow('web', 'shop'));
    expect(follower.latest).toBe(await mesh.secondary.currentIndex());
    await mesh.stopReplicating();
    await follower.stop();
  });

  describe('with a feed that lies', () => {
    const foreign = '11111111-1111-4111-8111-111111111111';

    it.each<[string, (event: FeedEvent) => FeedEvent]>([
      ['of another epoch', (event) => ({ ...event, epoch: foreign })],
      ['from the past', (event) => ({ ...event, index: stateIndex(0) })],
    ])('does not apply changes %s', async (_, lie) => {
      await mesh.allow('web', 'shop');
      const replicator = mesh.replicate();
      await mesh.converged(replicator);
      const rows = await mesh.rows('secondary');
      replace('changes', lie);
      await mesh.allow('web', 'bank');
      await eventually('the lie is noticed', () => replicator.status.lastErrorCode === 'REPLICATION_GAP');
      expect(replicator.status.state).toBe('DEGRADED');
      expect(await mesh.rows('secondary')).toEqual(rows);
      mesh.wan.carry = (event) => [event];
      replicator.wake();
      await mesh.converged(replicator);
      expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
    });

    it('deletes nothing for a snapshot that was broken off, or whose parts are of two moments', async () => {
      await mesh.allow('web', 'shop');
      await mesh.converged(mesh.replicate());
      await mesh.stopReplicating();
      await mesh.primary.renewEpoch();
      mesh.wan.carry = (event) =>
        event.kind === 'snapshot'
          ? [
              { ...event, items: [], more: true },
              { ...event, kind: 'heartbeat', items: [] },
            ]
          : [event];
      const replicator = mesh.replicate();
      await eventually('it is noticed', () => replicator.status.reason.includes('a snapshot was broken off'));
      mesh.wan.carry = (event) =>
        event.kind === 'snapshot'
          ? [
              { ...event, items: [], more: true },
              { ...event, index: stateIndex(event.index + 1) },
            ]
          : [event];
      await eventually('the seam is noticed', () => replicator.status.reason.includes('a part of a snapshot'));
      expect(await mesh.rows('secondary')).toHaveLength(1);
    });

    it('puts the parts of a long snapshot together before it deletes', async () => {
      for (const name of ['a', 'b', 'c']) await mesh.allow('web', name);
      await mesh.converged(mesh.replicate());
      await mesh.stopReplicating();
      await mesh.forget('web', 'b');
      await mesh.primary.renewEpoch();
      mesh.wan.carry = (event) =>
        event.items.map((item, n) => ({ ...event, items: [item], more: n < event.items.length - 1 }));
      await mesh.converged(mesh.replicate());
      expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
    });
  });

  describe('in the course of time', () => {
    it('gives a silent feed up after 6 s', async () => {
      const time = new FakeTime();
      mesh.wan.silence();
      const replicator = mesh.replicate({ timers: time.timers });
      await eventually('it is connected', () => mesh.wan.cursors.length === 1 && time.waits.length === 1);
      await time.advance(5_999);
      expect(replicator.status.state).toBe('STARTING');
      await time.advance(1);
      await eventually('it is given up', () => replicator.status.state === 'WAITING_PRIMARY');
      expect(replicator.status).toMatchObject({
        lastErrorCode: 'DATACENTER_UNREACHABLE',
        reason: 'the primary has said nothing for 6000 ms',
      });
    });

    it('never waits longer than 1.2 s, and after it has worked begins again with short waits', async () => {
      const time = new FakeTime();
      const pause = async (): Promise<number> => {
        await eventually('it waits to try again', () => time.waits.length === 1 && time.waits[0]! < 3_000);
        return time.waits[0]!;
      };
      mesh.wan.cut();
      const replicator = mesh.replicate({ timers: time.timers });
      const pauses: number[] = [];
      for (let n = 1; n <= 8; n += 1) {
        await eventually('it fails', () => replicator.status.consecutiveFailures === n);
        pauses.push(await pause());
        await time.advance(pauses.at(-1)!);
        await settled();
      }
      expect(pauses[0]).toBeLessThanOrEqual(240);
      expect(Math.max(...pauses)).toBeLessThanOrEqual(1_200);
      expect(pauses.at(-1)).toBeGreaterThanOrEqual(1_000);
      mesh.wan.heal();
      replicator.wake();
      await eventually('it works', () => replicator.status.state === 'READY');
      mesh.wan.cut();
      await eventually('it is cut', () => replicator.status.state === 'WAITING_PRIMARY');
      expect(replicator.status.consecutiveFailures).toBe(1);
      expect(await pause()).toBeLessThanOrEqual(240);
    });
  });

  it('is NOT_PERMITTED, in the primary’s words, when its token is refused', async () => {
    mesh.wan.cut(new BanyanError('PERMISSION_DENIED', 'the token lacks replication:read'));
    const replicator = mesh.replicate();
    await eventually('it fails', () => replicator.status.consecutiveFailures > 0);
    expect(replicator.status).toMatchObject({
      state: 'NOT_PERMITTED',
      lastErrorCode: 'PERMISSION_DENIED',
      reason: 'the token lacks replication:read',
    });
  });
});

const nothing = async (): Promise<void> => {};
