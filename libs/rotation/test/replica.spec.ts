import { describe, expect, it } from '@jest/globals';
import { SystemRandom, SystemTimers } from '@banyan/kernel';
import { type IndexedRotation, ROTATION_TOPICS, RotationProjection, rotationReplica } from '@banyan/rotation';
import type { Store } from '@banyan/store';
import { RecordingLogger, withTestStore } from '@banyan/testkit';
import { blockingQuery, ChangeFollower } from '@banyan/watch';
import { ANA, ENTITIES, startEngine } from './engine-fixture.js';

const stores = withTestStore(ENTITIES);

const follow = async (store: Store) => {
  const projection = new RotationProjection(store);
  const random = new SystemRandom();
  const follower = new ChangeFollower({
    log: store,
    timers: new SystemTimers(),
    random,
    logger: new RecordingLogger(),
  });
  follower.register(projection);
  await follower.start();
  return { projection, follower, random };
};

describe('a rotation in another datacenter', () => {
  it('is the same record, by its hash, without the order, and again unchanged is not written', async () => {
    const primary = await startEngine(stores);
    const secondary = await stores.open();
    const there = await follow(secondary);
    const id = await primary.start({ provider: 'vault', options: { Token: 'secret' } });
    const copy = async () => {
      const items = await rotationReplica.snapshot(primary.store.dataSource.manager);
      const { value, index } = await secondary.run(async (tx) => {
        const staged = [];
        for (const item of items) staged.push(await rotationReplica.stage(tx, item));
        return staged;
      });
      await there.follower.reached(index, { limitMs: 5_000 });
      return value;
    };
    expect(await copy()).toEqual([true]);
    expect(await copy()).toEqual([false]);
    expect(there.projection.find(id)?.rotation).toEqual(primary.projection.find(id)?.rotation);
    const waiting = blockingQuery({
      follower: there.follower,
      topics: ROTATION_TOPICS,
      minIndex: there.follower.topicIndex(ROTATION_TOPICS),
      maxWaitMs: 20_000 as never,
      random: there.random,
      read: () => there.projection.list().map(({ rotation }: IndexedRotation) => rotation.health),
    });
    await primary.engine.act(id, { verb: 'pause' }, ANA);
    expect(await copy()).toEqual([true]);
    expect((await waiting).value).toEqual(['paused']);
    const [row] = await secondary.dataSource.query<{ sealed_order: unknown }[]>('SELECT sealed_order FROM rotation');
    expect(row?.sealed_order).toBeNull();
    await there.follower.stop();
    await primary.stop();
  });

  it('is refused with another hash, key or shape, and can be deleted once', async () => {
    const primary = await startEngine(stores);
    const id = await primary.start();
    const [item] = await rotationReplica.read(primary.store.dataSource.manager, [id]);
    const secondary = await stores.open();
    const stage = (changed: object) => secondary.run((tx) => rotationReplica.stage(tx, { ...item!, ...changed }));
    for (const changed of [{ contentHash: 'x' }, { key: 'other' }, { body: { id } }]) {
      await expect(stage(changed)).rejects.toMatchObject({ name: 'BanyanError', code: 'REQUEST_INVALID' });
    }
    expect((await stage({})).value).toBe(true);
    const remove = () => secondary.run((tx) => rotationReplica.stageDelete(tx, id));
    expect([(await remove()).value, (await remove()).value]).toEqual([true, false]);
    await primary.stop();
  });
});
