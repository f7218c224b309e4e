import { BanyanError, SecretText, SilentLogger, stateIndex } from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { withTestStore } from '@banyan/testkit';
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  CanaryRow,
  type IntentionDraft,
  IntentionProjection,
  intentionReplica,
  ServiceIntentionsRow,
  StoreIntentionWriter,
} from '../src/index.js';

const stores = withTestStore([ServiceIntentionsRow, CanaryRow]);
const context = { token: new SecretText('not-used-by-the-store'), accessorId: 'a' };
const allow = (sourceName: string, destinationName: string): IntentionDraft => ({
  sourceName,
  destinationName,
  action: 'allow',
});

const changesOf = async (store: Store): Promise<string[]> =>
  (await store.changesAfter(stateIndex(0), 1_000)).changes
    .filter((change) => change.topic === 'intention')
    .map((change) => `${change.operation} ${change.key}`);

const hashesOf = (changes: readonly { contentHash: string }[]): string[] => changes.map((change) => change.contentHash);

describe('StoreIntentionWriter', () => {
  let store: Store;
  let writer: StoreIntentionWriter;
  beforeAll(async () => {
    store = await stores.open();
    writer = new StoreIntentionWriter(store, new SilentLogger());
  });

  it('stores a pair, shares the indexes among siblings, and keeps the create index', async () => {
    const first = await writer.upsert(context, allow('web', 'shop'));
    const second = await writer.upsert(context, allow('batch', 'shop'));
    expect(second).toBeGreaterThan(first);
    const projection = new IntentionProjection(store);
    await projection.load();
    const rows = projection.match('destination', 'shop');
    expect(rows.map((row) => [row.sourceName, row.createIndex, row.modifyIndex])).toEqual([
      ['batch', first, second],
      ['web', first, second],
    ]);
  });

  it('stages nothing when nothing changes', async () => {
    const index = await writer.upsert(context, allow('web', 'same'));
    expect(await writer.upsert(context, allow('web', 'same'))).toBe(index);
    expect(await writer.delete(context, 'other', 'same')).toBe(index);
    expect(await writer.delete(context, 'web', 'nowhere')).toBe(index);
    expect(await store.currentIndex()).toBe(index);
  });

  it('deletes the entry with its last source', async () => {
    await writer.upsert(context, allow('web', 'gone'));
    await writer.upsert(context, allow('batch', 'gone'));
    await writer.delete(context, 'web', 'gone');
    const where = { where: { name: 'gone' } };
    expect((await store.dataSource.manager.findOne(ServiceIntentionsRow, where))?.sources).toHaveLength(1);
    await writer.delete(context, 'batch', 'gone');
    expect(await store.dataSource.manager.findOne(ServiceIntentionsRow, where)).toBeNull();
    expect((await changesOf(store)).at(-1)).toBe('delete gone');
  });

  it('loses none of many sources that are written at once to an entry that does not exist yet', async () => {
    const names = Array.from({ length: 12 }, (_, at) => `source-${at}`);
    await Promise.all(names.map((name) => writer.upsert(context, allow(name, 'crowded'))));
    const row = await store.dataSource.manager.findOneOrFail(ServiceIntentionsRow, { where: { name: 'crowded' } });
    expect(row.sources.map((source) => source.name).toSorted()).toEqual(names.toSorted());
  });

  it('writes nothing of a pair it refuses', async () => {
    const before = await store.currentIndex();
    const refused = writer.upsert(context, allow('we*', 'api'));
    await expect(refused).rejects.toBeInstanceOf(BanyanError);
    await expect(refused).rejects.toMatchObject({ code: 'INTENTION_INVALID' });
    expect(await store.currentIndex()).toBe(before);
  });
});

describe('IntentionProjection', () => {
  it('follows changes key by key and equals a fresh load', async () => {
    const store = await stores.open();
    const writer = new StoreIntentionWriter(store, new SilentLogger());
    const followed = new IntentionProjection(store);
    await followed.load();
    await writer.upsert(context, allow('web', 'api'));
    await writer.upsert(context, allow('*', '*'));
    await followed.apply((await store.changesAfter(stateIndex(0), 100)).changes);
    const query = { source: 'web', destination: 'api', defaultAction: 'deny' } as const;
    expect(followed.decide(query).matched?.precedence).toBe(9);
    const seen = await store.currentIndex();
    await writer.delete(context, 'web', 'api');
    await followed.apply((await store.changesAfter(seen, 100)).changes);
    expect(followed.decide(query).matched?.precedence).toBe(5);
    expect(followed.exact('web', 'api')).toBeUndefined();
    const loaded = new IntentionProjection(store);
    await loaded.load();
    expect(followed.list()).toEqual(loaded.list());
    expect(followed.list()).toHaveLength(1);
  });
});

describe('intentionReplica', () => {
  it('carries entries to another store, equal by hash whatever the indexes', async () => {
    const primary = await stores.open();
    const secondary = await stores.open();
    const writer = new StoreIntentionWriter(primary, new SilentLogger());
    await writer.upsert(context, { ...allow('web', 'api'), description: 'ü' });
    await writer.upsert(context, {
      sourceName: 'web',
      destinationName: 'l7',
      permissions: [{ Action: 'deny', HTTP: { Header: [{ Name: 'x', Present: true }] } }],
    });
    const items = await intentionReplica.snapshot(primary.dataSource.manager);
    expect(items).toHaveLength(2);
    const wire = JSON.parse(JSON.stringify(items)) as typeof items;
    const staged = async (): Promise<boolean[]> => {
      const { value } = await secondary.run(async (tx) => {
        const answers: boolean[] = [];
        for (const item of wire) answers.push(await intentionReplica.stage(tx, item));
        return answers;
      });
      return value;
    };
    expect(await staged()).toEqual([true, true]);
    const index = await secondary.currentIndex();
    expect(await staged()).toEqual([false, false]);
    expect(await secondary.currentIndex()).toBe(index);
    expect(await intentionReplica.read(secondary.dataSource.manager, ['api', 'l7', 'none'])).toEqual(
      await intentionReplica.read(primary.dataSource.manager, ['l7', 'api']),
    );
    expect(hashesOf((await secondary.changesAfter(stateIndex(0), 9)).changes).toSorted()).toEqual(
      hashesOf(items).toSorted(),
    );
    const { value } = await secondary.run(async (tx) => [
      await intentionReplica.stageDelete(tx, 'api'),
      await intentionReplica.stageDelete(tx, 'none'),
    ]);
    expect(value).toEqual([true, false]);
    expect(await intentionReplica.snapshot(secondary.dataSource.manager)).toHaveLength(1);
  });

  it('refuses a record that is not what its hash or key says', async () => {
    const store = await stores.open();
    await new StoreIntentionWriter(store, new SilentLogger()).upsert(context, allow('web', 'api'));
    const [item] = await intentionReplica.snapshot(store.dataSource.manager);
    if (item === undefined) throw new Error('no item');
    for (const forged of [
      { ...item, contentHash: '0'.repeat(64) },
      { ...item, key: 'other' },
      { ...item, body: { ...(item.body as object), extra: 1 } },
      { ...item, body: null },
    ]) {
      const refused = store.run((tx) => intentionReplica.stage(tx, forged));
      await expect(refused).rejects.toMatchObject({ name: 'BanyanError', code: 'REQUEST_INVALID' });
    }
  });
});
