import { BanyanError, stateIndex } from '@banyan/kernel';
import { eventually, withTestStore } from '@banyan/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FEED_PROTOCOL, requireProtocol, viewStream } from '../src/index.js';
import { ENTITIES, TwoDatacenters } from './two-datacenters.js';

const stores = withTestStore(ENTITIES);

/** What a backup of the primary is for these tests: its rows, log and counter, taken and put back. */
const TABLES = ['service_intentions', 'commit_log', 'state_counter', 'store_history'];

describe('a primary that was restored from an older backup', () => {
  let mesh: TwoDatacenters;
  beforeEach(async () => {
    mesh = await TwoDatacenters.open(await stores.open(), await stores.open());
  });
  afterEach(() => mesh.stop());

  const backUp = async (): Promise<void> => {
    for (const table of TABLES) await mesh.primary.dataSource.query(`CREATE TABLE backup_${table} AS TABLE ${table}`);
  };
  const restore = async (): Promise<void> => {
    await mesh.primary.dataSource.transaction(async (manager) => {
      for (const table of TABLES) {
        await manager.query(`DELETE FROM ${table}`);
        await manager.query(`INSERT INTO ${table} SELECT * FROM backup_${table}`);
      }
    });
  };
  const epochNow = async (): Promise<string> => {
    const [row] = await mesh.primary.dataSource.query<{ epoch: string }[]>('SELECT epoch FROM state_counter');
    return row!.epoch;
  };

  it('is noticed when its index is behind, and then all is compared', async () => {
    await mesh.allow('web', 'bank');
    await backUp();
    await mesh.allow('web', 'shop');
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    const epoch = await epochNow();
    await restore();
    const replicator = mesh.replicate();
    await eventually('it is noticed', () => mesh.history.alarm !== undefined);
    expect(mesh.history.alarm).toMatchObject({ code: 'HISTORY_RESTORED' });
    expect(mesh.history.alarm!.reason).toMatch(/^dc2 has index \d+, this store only \d+$/);
    expect(await epochNow()).not.toBe(epoch);
    await mesh.converged(replicator);
    expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
  });

  it('is noticed when its index has overtaken: the log differs', async () => {
    await mesh.allow('web', 'bank');
    await backUp();
    await mesh.allow('web', 'shop');
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    const reached = replicator.status.appliedIndex;
    await mesh.stopReplicating();
    const epoch = await epochNow();
    await restore();
    for (const name of ['mail', 'news', 'zoo']) await mesh.allow('web', name);
    expect(await mesh.primary.currentIndex()).toBeGreaterThan(reached);
    const again = mesh.replicate();
    await eventually('it is noticed', () => mesh.history.alarm !== undefined);
    expect(mesh.history.alarm!.reason).toMatch(/another change under index/);
    expect(await epochNow()).not.toBe(epoch);
    await mesh.converged(again);
    expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
  });

  it('is noticed even if the same change was made again under the same index', async () => {
    await mesh.allow('web', 'bank');
    await backUp();
    await mesh.allow('web', 'shop');
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    await restore();
    await mesh.allow('web', 'shop');
    mesh.replicate();
    await eventually('it is noticed', () => mesh.history.alarm !== undefined);
  });

  it('from before its epoch was renewed is noticed by the epoch that it has never had', async () => {
    await mesh.allow('web', 'bank');
    await backUp();
    await mesh.primary.renewEpoch();
    await mesh.allow('web', 'shop');
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    await restore();
    mesh.replicate();
    await eventually('it is noticed', () => mesh.history.alarm !== undefined);
    expect(mesh.history.alarm!.reason).toMatch(/followed epoch .* which this store has never had/);
  });

  it('makes one new epoch for all its replicas, and none where nothing was lost', async () => {
    await mesh.allow('web', 'bank');
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    const { epoch, appliedIndex } = replicator.status;
    await mesh.primary.renewEpoch();
    await mesh.converged(replicator);
    expect(mesh.history.alarm).toBeUndefined();
    const lost = { epoch: epoch!, index: stateIndex(appliedIndex + 1_000) };
    expect(await mesh.history.compare('dc3', lost)).toBeUndefined();
    const ahead = { epoch: await epochNow(), index: stateIndex(appliedIndex + 1_000) };
    const reasons = await Promise.all([mesh.history.compare('dc2', ahead), mesh.history.compare('dc3', ahead)]);
    expect(reasons.map((reason) => reason !== undefined)).toEqual([true, false]);
  });
});

describe('a source that is not the one we follow', () => {
  let mesh: TwoDatacenters;
  beforeEach(async () => {
    mesh = await TwoDatacenters.open(await stores.open(), await stores.open());
    await mesh.allow('web', 'bank');
  });
  afterEach(() => mesh.stop());

  it('is refused by name when it is another datacenter', async () => {
    await mesh.converged(mesh.replicate());
    await mesh.stopReplicating();
    await mesh.allow('web', 'shop');
    const replicator = mesh.replicate({ source: () => 'dc9' });
    await eventually('it is refused', () => replicator.status.state === 'TWO_PRIMARIES');
    expect(replicator.status.reason).toContain('follows dc1');
    expect(replicator.status.reason).toContain('pointed at dc9');
    expect(await mesh.rows('secondary')).toHaveLength(1);
  });

  it('is refused by name when an epoch comes back that was left', async () => {
    await mesh.converged(mesh.replicate());
    const left = mesh.primary.epoch;
    await mesh.primary.renewEpoch();
    await mesh.stopReplicating();
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    mesh.wan.carry = (event) => [{ ...event, epoch: left }];
    await mesh.stopReplicating();
    // Pointed at a server that has never left the former epoch, and answers with a snapshot.
    await mesh.primary.renewEpoch();
    const again = mesh.replicate();
    await eventually('it is refused', () => again.status.state === 'TWO_PRIMARIES');
    expect(again.status.lastErrorCode).toBe('TWO_PRIMARIES');
  });

  it('that changes its epoch over and over is called flapping', async () => {
    for (let n = 0; n < 4; n += 1) {
      await mesh.primary.renewEpoch();
      await mesh.stopReplicating();
      await mesh.converged(mesh.replicate());
    }
    const now = Date.now();
    expect(await mesh.records.isFlapping(now as never)).toBe(true);
    expect(await mesh.records.isFlapping((now + 600_001) as never)).toBe(false);
  });
});

describe('a wait for a write to come back', () => {
  it('ends with ABORTED when the server stops, and is not satisfied by an index of another epoch', async () => {
    const mesh = await TwoDatacenters.open(await stores.open(), await stores.open());
    await mesh.allow('web', 'bank');
    const replicator = mesh.replicate();
    await mesh.converged(replicator);
    const foreign = { epoch: '11111111-1111-4111-8111-111111111111', index: stateIndex(1) };
    await expect(replicator.applied(foreign, 20)).rejects.toMatchObject({ name: 'BanyanError', code: 'TIMEOUT' });
    const waiting = replicator.applied(foreign, 60_000);
    const ended = expect(waiting).rejects.toMatchObject({ name: 'BanyanError', code: 'ABORTED' });
    await mesh.stopReplicating();
    await ended;
    await mesh.stop();
  });
});

describe('requireProtocol', () => {
  it('takes our own version, and names both sides of any other', () => {
    expect(() => requireProtocol(FEED_PROTOCOL, 'the primary dc1')).not.toThrow();
    for (const [theirs, advice] of [
      [FEED_PROTOCOL + 1, /upgrade this datacenter$/],
      [0, /upgrade the primary dc1$/],
    ] as const) {
      const refusal = (): void => requireProtocol(theirs, 'the primary dc1');
      expect(refusal).toThrow(BanyanError);
      expect(refusal).toThrow(advice);
      expect(refusal).toThrow(new RegExp(`speaks version ${theirs} of the replication protocol`));
    }
  });
});

describe('viewStream', () => {
  const feed = {
    state: 'READY',
    reason: '',
    appliedIndex: stateIndex(7),
    sourceIndex: stateIndex(9),
    consecutiveFailures: 0,
    lastSuccessAt: 1_000 as never,
  } as const;
  const figures = { stream: 'tokens', changedIndex: stateIndex(5), items: 3, quarantined: 0, held: undefined };

  it('tells how far behind a stream is, by index and by age', () => {
    expect(viewStream(feed, figures, 3_500 as never)).toMatchObject({
      state: 'READY',
      lagIndex: 2,
      lagMs: 2_500,
      items: 3,
      changedIndex: 5,
    });
  });

  it('is DEGRADED by name with something set aside or held, and says first what stops the feed', () => {
    const hold = {
      stream: 'tokens',
      code: 'REPLICATION_HELD',
      reason: 'much',
      hash: 'h',
      deletions: [],
      localCount: 3,
    };
    const held = { ...hold, since: 1 as never } as const;
    expect(viewStream(feed, { ...figures, quarantined: 2 }, 1 as never)).toMatchObject({
      state: 'DEGRADED',
      code: 'REPLICATION_QUARANTINED',
    });
    expect(viewStream(feed, { ...figures, quarantined: 2, held: held as never }, 1 as never)).toMatchObject({
      state: 'DEGRADED',
      code: 'REPLICATION_HELD',
      held: { hash: 'h' },
    });
    const cut = { ...feed, state: 'WAITING_PRIMARY', reason: 'cut', lastErrorCode: 'DATACENTER_UNREACHABLE' } as const;
    expect(viewStream(cut, { ...figures, quarantined: 2 }, 1 as never)).toMatchObject({
      state: 'WAITING_PRIMARY',
      reason: 'cut',
      code: 'DATACENTER_UNREACHABLE',
    });
  });
});
