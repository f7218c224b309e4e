import { describe, expect, it } from '@jest/globals';
import { DatacenterProjection, DatacenterRegistry, datacenterReplica, DatacenterRow } from '@banyan/federation';
import { contentHash, epochMs, SilentLogger, SystemRandom, SystemTimers } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { withTestStore } from '@banyan/testkit';
import { ChangeFollower } from '@banyan/watch';

const DC2 = { name: 'dc2', wanAddress: 'dc2.example:8302', isPrimary: false };
const stores = withTestStore([DatacenterRow]);

const openFederation = async () => {
  const store = await stores.open();
  const projection = new DatacenterProjection(store, 'dc1');
  const follower = new ChangeFollower({
    log: store,
    timers: new SystemTimers(),
    random: new SystemRandom(),
    logger: new SilentLogger(),
  });
  follower.register(projection);
  await follower.start();
  return { store, follower, projection, registry: new DatacenterRegistry(store, follower) };
};

const replicate = async (from: Store, to: Store): Promise<boolean[]> => {
  const items = await datacenterReplica.snapshot(from.dataSource.manager);
  const { value } = await to.run(async (tx) => {
    const staged: boolean[] = [];
    for (const item of items) staged.push(await datacenterReplica.stage(tx, item));
    return staged;
  });
  return value;
};

describe('the federation', () => {
  it('names its own datacenter first, even before it is registered', async () => {
    const { projection, registry, follower } = await openFederation();
    expect(projection.names()).toEqual(['dc1']);
    await registry.register({ ...DC2, name: 'a-dc' });
    await registry.register(DC2);
    expect(projection.names()).toEqual(['dc1', 'a-dc', 'dc2']);
    expect(projection.find('dc2')).toEqual(DC2);
    expect(projection.find('dc3')).toBeUndefined();
    await follower.stop();
  });

  it('writes what changed, and nothing else', async () => {
    const { store, projection, registry, follower } = await openFederation();
    await registry.register(DC2);
    const index = await store.currentIndex();
    await registry.register(DC2);
    expect(await store.currentIndex()).toBe(index);
    await registry.register({ ...DC2, wanAddress: 'moved.example:8302' });
    expect(await store.currentIndex()).toBe(index + 1);
    expect(projection.find('dc2')?.wanAddress).toBe('moved.example:8302');
    await follower.stop();
  });

  it('keeps reports without waking anybody, and through a change of address', async () => {
    const { store, registry, follower } = await openFederation();
    await registry.register(DC2);
    const index = await store.currentIndex();
    await registry.keepReport('dc2', { signingRootId: 'aa', horizons: {} }, epochMs(1_000_000));
    expect(await store.currentIndex()).toBe(index);
    await registry.register({ ...DC2, wanAddress: 'moved.example:8302' });
    expect((await registry.reports()).get('dc2')).toEqual({
      report: { signingRootId: 'aa', horizons: {} },
      reportedAt: 1_000_000,
    });
    await follower.stop();
  });

  it('is the same in every datacenter, with the same hashes', async () => {
    const [primary, secondary] = [await openFederation(), await openFederation()];
    await primary.registry.register(DC2);
    expect(await replicate(primary.store, secondary.store)).toEqual([true]);
    expect(await replicate(primary.store, secondary.store)).toEqual([false]);
    expect(await datacenterReplica.snapshot(secondary.store.dataSource.manager)).toEqual(
      await datacenterReplica.snapshot(primary.store.dataSource.manager),
    );
    await secondary.store.run(async (tx) => {
      expect(await datacenterReplica.stageDelete(tx, 'dc2')).toBe(true);
      expect(await datacenterReplica.stageDelete(tx, 'dc9')).toBe(false);
    });
    expect(await datacenterReplica.read(secondary.store.dataSource.manager, ['dc2'])).toEqual([]);
    await Promise.all([primary.follower.stop(), secondary.follower.stop()]);
  });

  it('refuses a replicated record of another shape or with a forged hash', async () => {
    const { store, follower } = await openFederation();
    const body = { ...DC2 };
    const forged = [
      { key: 'dc2', contentHash: 'f'.repeat(64), body },
      { key: 'dc2', contentHash: contentHash({ ...body, extra: 1 }), body: { ...body, extra: 1 } },
    ];
    for (const item of forged) {
      await expect(store.run((tx) => datacenterReplica.stage(tx, item))).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
      });
    }
    await follower.stop();
  });
});
