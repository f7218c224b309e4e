import { BanyanError, type JsonValue } from '@banyan/kernel';
import { intentionReplica } from '@banyan/intentions';
import type { ReplicatedTopic } from '@banyan/store';
import { eventually, withTestStore } from '@banyan/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { FeedEvent } from '../src/index.js';
import { ENTITIES, INTENTIONS, TwoDatacenters } from './two-datacenters.js';

const stores = withTestStore(ENTITIES);

const withAction = (body: JsonValue, action: string): JsonValue =>
  JSON.parse(JSON.stringify(body).replace('"allow"', JSON.stringify(action))) as JsonValue;

describe('a record that is refused', () => {
  let mesh: TwoDatacenters;
  beforeEach(async () => {
    mesh = await TwoDatacenters.open(await stores.open(), await stores.open());
  });
  afterEach(() => mesh.stop());

  const poison = (key: string): void => {
    mesh.wan.carry = (event) => [
      {
        ...event,
        items: event.items.map((item) => (item.key === key ? { ...item, body: withAction(item.body, 'deny') } : item)),
      },
    ];
  };
  const names = async (): Promise<string[]> => (await mesh.rows('secondary')).map((row) => row.split(' ')[0]!);

  it('is set aside with its reason, while the rest of the same snapshot and of later changes is applied', async () => {
    for (const name of ['bank', 'mail', 'shop']) await mesh.allow('web', name);
    poison('mail');
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    await mesh.allow('web', 'zoo');
    await mesh.converged(replicator);
    expect(await names()).toEqual(['bank', 'shop', 'zoo']);
    expect(replicator.status.state).toBe('READY');
    const [record, ...others] = await mesh.records.quarantined();
    expect(others).toEqual([]);
    expect(record).toMatchObject({ stream: 'intentions', topic: 'intention', key: 'mail', code: 'REQUEST_INVALID' });
    expect(record!.reason).toContain('does not follow its schema, key or hash');
    expect(await mesh.records.quarantineCounts()).toEqual(new Map([['intentions', 1]]));
  });

  it('keeps its last good version, and leaves quarantine when a good one arrives', async () => {
    await mesh.allow('web', 'mail');
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    const good = await mesh.rows('secondary');
    poison('mail');
    await mesh.allow('batch', 'mail');
    await mesh.converged(replicator);
    expect(await mesh.rows('secondary')).toEqual(good);
    expect(await mesh.records.quarantined()).toHaveLength(1);
    mesh.wan.carry = (event) => [event];
    await mesh.allow('cron', 'mail');
    await mesh.converged(replicator);
    expect(await mesh.records.quarantined()).toEqual([]);
    expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
  });

  it('leaves quarantine when it is deleted at the source', async () => {
    await mesh.allow('web', 'shop');
    await mesh.allow('web', 'mail');
    poison('mail');
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    expect(await mesh.records.quarantined()).toHaveLength(1);
    await mesh.forget('web', 'mail');
    await mesh.converged(replicator);
    expect(await mesh.records.quarantined()).toEqual([]);
  });

  it('comes by itself when the next server of the datacenter finds it good', async () => {
    await mesh.allow('web', 'shop');
    await mesh.allow('web', 'mail');
    poison('mail');
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    mesh.wan.carry = (event) => [event];
    const next = mesh.replicate();
    await eventually('it has looked', () => next.status.state === 'READY');
    expect(await mesh.records.quarantined()).toEqual([]);
    expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
  });

  it('may be of a topic that only a newer version knows', async () => {
    await mesh.allow('web', 'shop');
    mesh.wan.carry = (event) => [
      {
        ...event,
        items: event.items.flatMap((item) => [item, { ...item, topic: 'weather', key: 'sunny' }]),
      },
    ];
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    expect(await names()).toEqual(['shop']);
    expect(await mesh.records.quarantined()).toMatchObject([{ stream: 'unknown', topic: 'weather', key: 'sunny' }]);
  });

  it('is found among a thousand when only the database refuses it', async () => {
    await mesh.allowMany(200);
    const refused: ReplicatedTopic = {
      ...intentionReplica,
      stage: (tx, item) => {
        if (item.key !== 'svc00123') return intentionReplica.stage(tx, item);
        tx.stage({
          topic: 'intention',
          key: item.key,
          operation: 'upsert',
          contentHash: item.contentHash,
          write: async (manager, index) => {
            await manager.query(
              `INSERT INTO service_intentions (name, sources, content_hash, create_index, modify_index)
               VALUES (NULL, '[]', '', $1, $1)`,
              [index],
            );
          },
        });
        return Promise.resolve(true);
      },
    };
    const replicator = mesh.replicate({ streams: [{ ...INTENTIONS, topics: [refused] }] });
    await mesh.converged(replicator);
    expect(await mesh.rows('secondary')).toHaveLength(199);
    expect(await mesh.records.quarantined()).toMatchObject([{ key: 'svc00123', code: 'CONFLICT' }]);
    expect((await mesh.records.quarantined())[0]!.reason).toContain('null value in column "name"');
  });

  it('does not hide a refusal of the whole source', async () => {
    await mesh.allow('web', 'shop');
    const foreign: ReplicatedTopic = {
      ...intentionReplica,
      stage: () => Promise.reject(new BanyanError('TRUST_DOMAIN_MISMATCH', 'another trust domain')),
    };
    const replicator = mesh.replicate({ streams: [{ ...INTENTIONS, topics: [foreign] }] });
    await eventually('it is refused', () => replicator.status.state === 'TRUST_DOMAIN_MISMATCH');
    expect(await mesh.records.quarantined()).toEqual([]);
    expect(await mesh.rows('secondary')).toEqual([]);
  });
});

describe('a resync of many unchanged records', () => {
  it('writes nothing', async () => {
    const mesh = await TwoDatacenters.open(await stores.open(), await stores.open());
    await mesh.allowMany(1_000);
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    const before = await mesh.secondary.currentIndex();
    await mesh.primary.renewEpoch();
    const seen: FeedEvent[] = [];
    mesh.wan.carry = (event) => {
      seen.push(event);
      return [event];
    };
    const writes = await writesDuring(mesh, async () => mesh.converged(mesh.replicate()));
    expect(seen.filter((event) => event.kind === 'snapshot').flatMap((event) => event.items)).toHaveLength(1_000);
    expect(await mesh.secondary.currentIndex()).toBe(before);
    expect(writes).toBe(0);
    await mesh.stop();
  });
});

/** Rows of intentions that PostgreSQL itself counts as inserted, updated or deleted. */
const writesDuring = async (mesh: TwoDatacenters, work: () => Promise<void>): Promise<number> => {
  const count = async (): Promise<number> => {
    const [row] = await mesh.secondary.dataSource.query<{ sum: string }[]>(
      `SELECT n_tup_ins + n_tup_upd + n_tup_del AS sum FROM pg_stat_user_tables WHERE relname = 'service_intentions'`,
    );
    return Number(row!.sum);
  };
  await mesh.secondary.dataSource.query('SELECT pg_stat_force_next_flush()');
  const before = await count();
  await work();
  await mesh.secondary.dataSource.query('SELECT pg_stat_force_next_flush()');
  return (await count()) - before;
};
