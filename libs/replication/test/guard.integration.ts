import { stateIndex } from '@banyan/kernel';
import { eventually, withTestStore } from '@banyan/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type FeedEvent, ReplicationHoldRow } from '../src/index.js';
import { deletionsHash, reasonToHold } from '../src/domain/deletion-guard.js';
import { ENTITIES, INTENTIONS, TwoDatacenters } from './two-datacenters.js';

const stores = withTestStore(ENTITIES);

const emptied = (event: FeedEvent): readonly FeedEvent[] =>
  event.kind === 'snapshot' ? [{ ...event, items: [], more: false }] : [event];
const objecting = () => ({ code: 'ROOT_GENERATION_LOWER', reason: 'the source is older' }) as const;

describe('a round that would delete much', () => {
  let mesh: TwoDatacenters;
  beforeEach(async () => {
    mesh = await TwoDatacenters.open(await stores.open(), await stores.open());
  });
  afterEach(() => mesh.stop());

  const held = async () => (await mesh.records.holds())[0];

  it('from a source that names nothing deletes nothing, and is held with what would go', async () => {
    await mesh.allowMany(30);
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    await mesh.primary.renewEpoch();
    mesh.wan.carry = emptied;
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    expect(await mesh.rows('secondary')).toHaveLength(30);
    const hold = await held();
    expect(hold).toMatchObject({ stream: 'intentions', code: 'REPLICATION_HELD', localCount: 30 });
    expect(hold!.reason).toBe('the source names no record at all, and 30 are here');
    expect(hold!.deletions).toHaveLength(30);
    expect(hold!.hash).toBe(deletionsHash('intentions', hold!.deletions.toReversed()));
    // The feed itself goes on.
    mesh.wan.carry = (event) => [event];
    await mesh.allow('web', 'while-held');
    await mesh.converged(replicator);
    expect(await mesh.rows('secondary')).toHaveLength(31);
  });

  it('ends by itself when the source has its records again, also in another process', async () => {
    await mesh.allowMany(30);
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    await mesh.primary.renewEpoch();
    mesh.wan.carry = emptied;
    await mesh.converged(mesh.replicate());
    expect(await held()).toMatchObject({ code: 'REPLICATION_HELD' });
    await mesh.stopReplicating();
    mesh.wan.carry = (event) => [event];
    // A server that finds something held begins with a look at the whole source.
    const next = mesh.replicate();
    await eventually('it has looked', () => next.status.state === 'READY');
    expect(mesh.wan.cursors.at(-1)).toEqual({ index: stateIndex(0) });
    expect(await held()).toBeUndefined();
    expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
  });

  it('by changes is held as well, while upserts of the same round are applied', async () => {
    await mesh.allowMany(40);
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    await mesh.forgetAll(['svc00000', 'svc00001']);
    await mesh.allow('web', 'after');
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    expect(await mesh.rows('secondary')).toHaveLength(41);
    expect(await held()).toMatchObject({
      reason: 'the round would delete 38 of 40 records, more than 25 %',
      localCount: 40,
    });
    // One that comes back is no longer held; a small deletion of its own passes.
    await mesh.allow('web', 'svc00005');
    await mesh.forget('web', 'svc00000');
    await mesh.converged(replicator);
    const hold = await held();
    expect(hold!.deletions).toHaveLength(37);
    expect(hold!.deletions.map(({ key }) => key)).not.toContain('svc00005');
    expect((await mesh.rows('secondary')).some((row) => row.startsWith('svc00000 '))).toBe(false);
  });

  it('is applied when somebody confirms what they saw, and nothing else', async () => {
    await mesh.allowMany(40);
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    await mesh.forgetAll(['svc00000']);
    await mesh.converged(mesh.replicate());
    const { hash } = (await held())!;
    const stale = { name: 'BanyanError', code: 'REPLICATION_DIFF_STALE' };
    await expect(mesh.records.confirm('intentions', 'another')).rejects.toMatchObject(stale);
    await expect(mesh.records.confirm('nonsense', hash)).rejects.toMatchObject({ code: 'REPLICATION_STREAM_UNKNOWN' });
    expect(await mesh.rows('secondary')).toHaveLength(40);
    expect(await mesh.records.confirm('intentions', hash)).toMatchObject({ deleted: 39 });
    expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
    await expect(mesh.records.confirm('intentions', hash)).rejects.toMatchObject(stale);
  });

  it('is held when many small rounds add up to it, until they are long ago or somebody looked', async () => {
    await mesh.allowMany(100);
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    const dropFive = async (from: number): Promise<void> => {
      const gone = Array.from({ length: 5 }, (_, at) => `svc${String(from + at).padStart(5, '0')}`);
      await mesh.forgetThese(gone);
      await mesh.converged(replicator);
    };
    for (let from = 0; from < 25; from += 5) await dropFive(from);
    expect([(await mesh.rows('secondary')).length, await held()]).toEqual([75, undefined]);
    await dropFive(25);
    expect(await mesh.rows('secondary')).toHaveLength(75);
    expect(await held()).toMatchObject({
      code: 'REPLICATION_HELD',
      reason: 'with the round, 30 of 100 records would be deleted within 10 minutes, more than 25 %',
    });
    // Confirmed deletions are nobody's lie: the count begins anew.
    await mesh.records.confirm('intentions', (await held())!.hash);
    await dropFive(30);
    expect([(await mesh.rows('secondary')).length, await held()]).toEqual([65, undefined]);
    for (let from = 35; from < 45; from += 5) await dropFive(from);
    await dropFive(45);
    expect(await mesh.rows('secondary')).toHaveLength(55);
    expect((await held())!.deletions).toHaveLength(5);
    // Ten minutes later the next few pass; what is held stays held.
    await mesh.secondary.query(`UPDATE commit_log SET committed_at = committed_at - interval '11 minutes'`, []);
    await dropFive(50);
    expect(await mesh.rows('secondary')).toHaveLength(50);
    expect((await held())!.deletions).toHaveLength(5);
  });

  it('of a stream that is not guarded passes', async () => {
    await mesh.allowMany(30);
    const streams = [{ ...INTENTIONS, guarded: false }];
    await mesh.converged(mesh.replicate({ streams }));
    await mesh.forgetAll();
    await mesh.stopReplicating();
    await mesh.converged(mesh.replicate({ streams }));
    expect(await mesh.rows('secondary')).toEqual([]);
  });

  it('holds a whole stream to which it objects, until the source is as expected or somebody confirms', async () => {
    let lacks = true;
    const object = () => (lacks ? objecting() : undefined);
    const streams = [{ ...INTENTIONS, object }];
    lacks = false;
    await mesh.allow('web', 'bank');
    await mesh.converged(mesh.replicate({ streams }));
    await mesh.stopReplicating();
    lacks = true;
    await mesh.allow('web', 'shop');
    await mesh.primary.renewEpoch();
    const replicator = mesh.replicate({ streams });
    await mesh.converged(replicator);
    expect(await mesh.rows('secondary')).toHaveLength(1);
    expect(await held()).toMatchObject({ code: 'ROOT_GENERATION_LOWER', reason: 'the source is older' });
    // Changes of the stream are not applied either: they ask for another look.
    await mesh.allow('web', 'mail');
    await mesh.converged(replicator);
    await eventually('it looks again', () => mesh.wan.cursors.length >= 3);
    expect(await mesh.rows('secondary')).toHaveLength(1);
    lacks = false;
    replicator.lookAgain();
    await eventually('it looks once more', () => mesh.wan.cursors.length >= 4);
    await mesh.converged(replicator);
    await mesh.allow('web', 'last');
    await mesh.converged(replicator);
    expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
    expect(await held()).toBeUndefined();
  });

  it('applies a stream that it objects to once that very difference was confirmed', async () => {
    const streams = [{ ...INTENTIONS, object: objecting }];
    await mesh.allow('web', 'bank');
    await mesh.converged(mesh.replicate({ streams }));
    await mesh.stopReplicating();
    await mesh.allow('web', 'shop');
    await mesh.primary.renewEpoch();
    const replicator = mesh.replicate({ streams });
    await mesh.converged(replicator);
    const { hash } = (await held())!;
    expect(await mesh.records.confirm('intentions', hash)).toMatchObject({ deleted: 0 });
    replicator.lookAgain();
    await eventually('it looks again', () => mesh.wan.cursors.length >= 3);
    const index = await mesh.allow('web', 'mail');
    await mesh.arrived(replicator, index);
    expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
    expect(await mesh.secondary.dataSource.manager.count(ReplicationHoldRow)).toBe(0);
  });
});

describe('reasonToHold', () => {
  const limits = { share: 0.25, free: 10 };
  const none = { recent: 0 };
  it.each([
    [{ deletions: 0, localCount: 5, sourceCount: 0 }, undefined],
    [{ deletions: 1, localCount: 1, sourceCount: 0 }, /no record at all/],
    [{ deletions: 1, localCount: 1, sourceCount: undefined }, undefined],
    [{ deletions: 10, localCount: 11, sourceCount: 1 }, undefined],
    [{ deletions: 11, localCount: 40, sourceCount: 29 }, /11 of 40/],
    [{ deletions: 11, localCount: 44, sourceCount: 33 }, undefined],
    [{ deletions: 1, localCount: 75, sourceCount: undefined, recent: 25 }, /26 of 100/],
    [{ deletions: 1, localCount: 76, sourceCount: undefined, recent: 24 }, undefined],
    [{ deletions: 1, localCount: 1, sourceCount: undefined, recent: 9 }, undefined],
  ] as const)('of %j is %s', (round, reason) => {
    const found = reasonToHold({ ...none, ...round }, limits);
    if (reason === undefined) expect(found).toBeUndefined();
    else expect(found).toMatch(reason);
  });
});
