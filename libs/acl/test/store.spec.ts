import {
  Clock,
  contentHash,
  epochMs,
  type JsonValue,
  SecretText,
  SilentLogger,
  stateIndex,
  SystemRandom,
} from '@banyan/kernel';
import type { Store } from '@banyan/store';
import { withTestStore } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import {
  ANONYMOUS,
  parseInitialTokens,
  type Role,
  StoreTokenWriter,
  TokenProjection,
  tokenReplica,
  TokenRow,
} from '../src/index.js';

class FixedClock extends Clock {
  override now() {
    return epochMs(1_900_000_000_123);
  }
}

const stores = withTestStore([TokenRow]);
const context = { token: new SecretText('not-used-by-the-store'), accessorId: 'a' };
const open = async (): Promise<{ store: Store; writer: StoreTokenWriter; tokens: TokenProjection }> => {
  const store = await stores.open();
  const parts = { store, random: new SystemRandom(), clock: new FixedClock(), logger: new SilentLogger() };
  return { store, writer: new StoreTokenWriter(parts), tokens: new TokenProjection(store) };
};
const service = (name: string): Role => ({ kind: 'service', service: name });

describe('StoreTokenWriter', () => {
  it('stores the hash and not the secret, and the secret resolves to its caller', async () => {
    const { store, writer, tokens } = await open();
    const created = await writer.create(context, { role: service('web'), description: 'for web' });
    expect(created.secret.reveal()).toMatch(/^[0-9a-f-]{36}$/);
    await tokens.load();
    expect(tokens.resolve(created.secret)).toEqual({
      accessorId: created.record.accessorId,
      role: service('web'),
      description: 'for web',
    });
    expect(tokens.list()).toEqual([created.record]);
    const [dump] = (await store.dataSource.query('SELECT json_agg(t)::text AS text FROM acl_token t')) as {
      text: string;
    }[];
    expect(dump?.text).toContain(created.record.secretHash);
    expect(dump?.text).not.toContain(created.secret.reveal());
  });

  it('refuses a taken accessor and a taken secret, without saying the secret', async () => {
    const { writer } = await open();
    const secretId = new SecretText('correct-horse-battery');
    const first = await writer.create(context, { role: service('a'), description: '', secretId });
    const { accessorId } = first.record;
    const again = writer.create(context, { role: service('b'), description: '', accessorId });
    await expect(again).rejects.toMatchObject({ name: 'BanyanError', code: 'CONFLICT' });
    const same = writer.create(context, { role: service('b'), description: '', secretId });
    await expect(same).rejects.toMatchObject({ code: 'CONFLICT', message: 'Another token has this SecretID' });
    const short = writer.create(context, { role: service('b'), description: '', secretId: new SecretText('short') });
    await expect(short).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  });

  it('lets exactly one of several bootstraps through', async () => {
    const { store, writer, tokens } = await open();
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => writer.bootstrap()));
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'ACL_BOOTSTRAP_DONE' });
    }
    await tokens.load();
    expect(tokens.list().map((token) => token.role)).toEqual([{ kind: 'management' }]);
    expect(await store.currentIndex()).toBe(tokens.list()[0]?.modifyIndex);
  });

  it('takes the secret that bootstrap is given, even beside other tokens', async () => {
    const { writer, tokens } = await open();
    await writer.create(context, { role: service('a'), description: '' });
    const secret = new SecretText('2b778dd9-f5f1-6f29-b4b4-9a5fa948757a');
    await writer.bootstrap(secret);
    await tokens.load();
    expect(tokens.resolve(secret).role).toEqual({ kind: 'management' });
  });

  it('deletes a token, and says so when there is none', async () => {
    const { writer, tokens } = await open();
    const { record, secret } = await writer.create(context, { role: service('a'), description: '' });
    await tokens.load();
    await writer.delete(context, record.accessorId);
    await tokens.load();
    expect(() => tokens.resolve(secret)).toThrow(
      expect.objectContaining({ code: 'ACL_NOT_FOUND', message: 'ACL not found' }),
    );
    for (const accessorId of [record.accessorId, 'not-a-uuid']) {
      await expect(writer.delete(context, accessorId)).rejects.toMatchObject({
        code: 'TOKEN_NOT_FOUND',
        message: 'Cannot find token to delete',
      });
    }
  });

  it('changes role and description, and neither secret nor the last management token', async () => {
    const { writer, tokens } = await open();
    const { record } = await writer.bootstrap();
    const made = await writer.create(context, { role: service('a'), description: 'a' });
    const changed = await writer.update(context, made.record.accessorId, { role: service('b'), description: 'b' });
    const { createIndex, createTime } = made.record;
    expect(changed.record).toMatchObject({ role: service('b'), description: 'b', createIndex, createTime });
    expect(changed.index).toBeGreaterThan(made.index);
    await tokens.load();
    expect(tokens.resolve(made.secret)).toMatchObject({ role: service('b'), description: 'b' });
    expect(tokens.find(made.record.accessorId)).toEqual(changed.record);
    const lesser = { role: service('c'), description: '' };
    await expect(writer.update(context, record.accessorId, lesser)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(writer.update(context, 'not-a-uuid', lesser)).rejects.toMatchObject({ code: 'TOKEN_NOT_FOUND' });
  });

  it('keeps the last management token, so that bootstrap stays closed', async () => {
    const { writer } = await open();
    const first = await writer.bootstrap();
    await expect(writer.delete(context, first.record.accessorId)).rejects.toMatchObject({ code: 'CONFLICT' });
    await writer.create(context, { role: { kind: 'management' }, description: '' });
    await writer.delete(context, first.record.accessorId);
    await expect(writer.bootstrap()).rejects.toMatchObject({ code: 'ACL_BOOTSTRAP_DONE' });
  });

  it('imports initial tokens once, all in one transaction, and never brings a deleted one back', async () => {
    const { store, writer, tokens } = await open();
    const initial = parseInitialTokens(
      JSON.stringify([
        { role: { kind: 'management' }, secret: 'management-secret-1' },
        { role: { kind: 'agent', node: 'n1' }, secret: 'agent-secret-000001' },
      ]),
    );
    const outcomes = await Promise.all([writer.import(initial), writer.import(initial)]);
    expect(outcomes.map((outcome) => outcome.stored).toSorted((left, right) => left - right)).toEqual([0, 2]);
    await tokens.load();
    const agent = tokens.resolve(new SecretText('agent-secret-000001'));
    expect(agent.role).toEqual({ kind: 'agent', node: 'n1' });
    const index = await writer.delete(context, agent.accessorId);
    expect(await writer.import(initial)).toEqual({ stored: 0, index });
    expect(await store.currentIndex()).toBe(index);
  });
});

describe('TokenProjection', () => {
  it('resolves no secret as anonymous and an unknown one as an error', async () => {
    const { tokens } = await open();
    await tokens.load();
    expect(tokens.resolve(undefined)).toBe(ANONYMOUS);
    expect(tokens.resolve(new SecretText(''))).toBe(ANONYMOUS);
    expect(() => tokens.resolve(new SecretText('unknown-unknown-unknown'))).toThrow(
      expect.objectContaining({ code: 'ACL_NOT_FOUND' }),
    );
  });

  it('follows changes', async () => {
    const { store, writer, tokens } = await open();
    await tokens.load();
    const kept = await writer.create(context, { role: service('a'), description: '' });
    const dropped = await writer.create(context, { role: service('b'), description: '' });
    await tokens.apply((await store.changesAfter(stateIndex(0), 100)).changes);
    expect(tokens.list()).toHaveLength(2);
    await writer.delete(context, dropped.record.accessorId);
    await tokens.apply((await store.changesAfter(dropped.index, 100)).changes);
    expect(tokens.list()).toEqual([kept.record]);
    expect(tokens.find(kept.record.accessorId.toUpperCase())).toEqual(kept.record);
    expect(() => tokens.resolve(dropped.secret)).toThrow(expect.objectContaining({ code: 'ACL_NOT_FOUND' }));
  });
});

describe('tokenReplica', () => {
  it('carries hashes to another store, where the same secret works, and never the secret', async () => {
    const primary = await open();
    const secondary = await open();
    const { secret, record } = await primary.writer.create(context, { role: service('web'), description: 'ü' });
    const items = await tokenReplica.snapshot(primary.store.dataSource.manager);
    expect(JSON.stringify(items)).not.toContain(secret.reveal());
    const [item] = JSON.parse(JSON.stringify(items)) as typeof items;
    if (item === undefined) throw new Error('no item');
    const stage = async (): Promise<boolean> => (await secondary.store.run((tx) => tokenReplica.stage(tx, item))).value;
    expect(await stage()).toBe(true);
    expect(await stage()).toBe(false);
    await secondary.tokens.load();
    expect(secondary.tokens.resolve(secret)).toEqual({
      accessorId: record.accessorId,
      role: service('web'),
      description: 'ü',
    });
    expect(await tokenReplica.read(secondary.store.dataSource.manager, [record.accessorId])).toEqual(items);
    const widened = { ...item, body: { ...(item.body as object), role: { kind: 'management' } } };
    const refused = secondary.store.run((tx) => tokenReplica.stage(tx, widened));
    await expect(refused).rejects.toMatchObject({ name: 'BanyanError', code: 'REQUEST_INVALID' });
    const { value } = await secondary.store.run(async (tx) => [
      await tokenReplica.stageDelete(tx, item.key),
      await tokenReplica.stageDelete(tx, '99999999-2222-4333-8444-555555555555'),
    ]);
    expect(value).toEqual([true, false]);
    expect(await tokenReplica.snapshot(secondary.store.dataSource.manager)).toEqual([]);
  });

  it('lets two tokens swap their secrets, and one take the secret of a deleted one, in one batch and in any order', async () => {
    const primary = await open();
    const secondary = await open();
    const a = await primary.writer.create(context, { role: service('a'), description: '' });
    const b = await primary.writer.create(context, { role: service('b'), description: '' });
    const carry = async (): Promise<void> => {
      const items = await tokenReplica.snapshot(primary.store.dataSource.manager);
      await secondary.store.run(async (tx) => {
        for (const item of items) await tokenReplica.stage(tx, item);
        for (const { key } of await tokenReplica.snapshot(tx.manager)) {
          if (!items.some((item) => item.key === key)) await tokenReplica.stageDelete(tx, key);
        }
      });
      await secondary.tokens.load();
    };
    await carry();
    await secondary.store.run(async (tx) => {
      const items = await tokenReplica.snapshot(tx.manager);
      const hashes = items.map((item) => (item.body as { secretHash: string }).secretHash);
      for (const [at, item] of items.entries()) {
        const body = { ...(item.body as object), secretHash: hashes[1 - at]! } as JsonValue;
        await tokenReplica.stage(tx, { key: item.key, contentHash: contentHash(body), body });
      }
    });
    await secondary.tokens.load();
    expect(secondary.tokens.resolve(a.secret).accessorId).toBe(b.record.accessorId);
    expect(secondary.tokens.resolve(b.secret).accessorId).toBe(a.record.accessorId);
    await primary.writer.delete(context, a.record.accessorId);
    await primary.writer.create(context, { role: service('c'), description: '', secretId: a.secret });
    await carry();
    expect(secondary.tokens.resolve(a.secret).role).toEqual(service('c'));
    const twice = secondary.store.run(async (tx) => {
      const [item] = await tokenReplica.snapshot(tx.manager);
      const accessorId = '99999999-2222-4333-8444-555555555555';
      const body = { ...(item!.body as object), accessorId } as JsonValue;
      await tokenReplica.stage(tx, { key: accessorId, contentHash: contentHash(body), body });
    });
    await expect(twice).rejects.toMatchObject({ name: 'BanyanError', code: 'CONFLICT' });
  });
});
