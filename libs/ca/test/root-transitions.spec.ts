import { type EpochMs, epochMs, SilentLogger, SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import { followTransitions } from '@banyan/pki';
import type { Store } from '@banyan/store';
import type { Fence } from '@banyan/store';
import { FakeTime, TestAuthority, withTestStore } from '@banyan/testkit';
import { ChangeFollower } from '@banyan/watch';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CA_ENTITIES, CA_REPLICAS, keepTransition, successorOf, TransitionProjection } from '../src/index.js';
import { type CaBench, openCaBench } from './ca-bench.js';
import { changeRoot } from './change-root.js';

const TRUST_DOMAIN = '11111111-2222-3333-4444-555555555555.consul';
const stores = withTestStore(CA_ENTITIES);
const replica = CA_REPLICAS.find(({ topic }) => topic === 'root-transition')!;
const now = new SystemClock().now();

/** What the store holds of a root. */
const rowOf = (
  authority: TestAuthority,
  generation: number,
  change: { crossSignedPem?: string; taintedAt?: EpochMs } = {},
) => ({
  fingerprintSha256: authority.root.fingerprintSha256,
  certificatePem: authority.root.pem,
  crossSignedPem: null,
  generation,
  rotatedOutAt: epochMs(1_900_000_000_000),
  taintedAt: null,
  ...change,
});

describe('what is remembered of roots that have left the bundle, on PostgreSQL', () => {
  let roots: TestAuthority[];
  let store: Store;
  const open: ChangeFollower[] = [];

  beforeAll(async () => {
    roots = await Promise.all(['a', 'b', 'c'].map((name) => TestAuthority.create(TRUST_DOMAIN, name)));
  });
  beforeEach(async () => {
    store = await stores.open();
  });
  afterEach(async () => {
    for (const follower of open.splice(0)) await follower.stop();
  });

  const rows = async () => {
    const [a, b, c] = roots as [TestAuthority, TestAuthority, TestAuthority];
    return [
      rowOf(a, 1),
      rowOf(b, 2, { crossSignedPem: (await a.crossSign(b)).pem }),
      rowOf(c, 3, { crossSignedPem: (await b.crossSign(c)).pem }),
    ] as const;
  };
  const keep = (from: ReturnType<typeof rowOf>, to: ReturnType<typeof rowOf>) =>
    store.run((tx) => keepTransition(tx, from, to));
  const projected = async (of: Store) => {
    const follower = new ChangeFollower({
      log: of,
      timers: new SystemTimers(),
      random: new SystemRandom(),
      logger: new SilentLogger(),
    });
    const projection = new TransitionProjection(of);
    follower.register(projection);
    open.push(follower);
    await follower.start();
    return projection;
  };
  const kinds = async (): Promise<string[]> =>
    (await store.dataSource.query('SELECT kind FROM root_transition ORDER BY generation')).map(
      ({ kind }: { kind: string }) => kind,
    );

  it('leads a peer that knows the first root over two retired ones, here and in every other datacenter', async () => {
    const [a, b, c] = await rows();
    await keep(a, b);
    await keep(b, c);
    const elsewhere = await stores.open();
    const items = await replica.snapshot(store.dataSource.manager);
    const { value } = await elsewhere.run(async (tx) => Promise.all(items.map((item) => replica.stage(tx, item))));
    expect(value).toEqual([true, true]);
    for (const place of [store, elsewhere]) {
      const { transitions } = await projected(place);
      const verdict = followTransitions({
        known: [roots[0]!.root.fingerprintSha256],
        transitions,
        presented: [roots[2]!.root],
        now,
      });
      expect(verdict).toMatchObject({ ok: true, path: { length: 3 } });
    }
    const again = await elsewhere.run(async (tx) => Promise.all(items.map((item) => replica.stage(tx, item))));
    expect(again.value).toEqual([false, false]);
  });

  it('tells whoever follows the change feed', async () => {
    const projection = await projected(store);
    let told = 0;
    const end = projection.onChange(() => (told += 1));
    const [a, b] = await rows();
    const { index } = await keep(a, b);
    await open[0]!.reached(index, { limitMs: 5_000 });
    expect([projection.transitions.length, told]).toEqual([1, 1]);
    end();
  });

  it('is the fingerprint alone when the key was compromised or vouched for nothing', async () => {
    const [a, b, c] = await rows();
    await keep({ ...a, taintedAt: epochMs(1_900_000_000_001) }, b);
    await keep(b, { ...c, crossSignedPem: null });
    // A signature by another root than the one that goes proves nothing for it.
    await keep(c, b);
    expect(await kinds()).toEqual(['tainted', 'unvouched', 'unvouched']);
    const items = JSON.stringify(await replica.snapshot(store.dataSource.manager));
    expect(items).not.toContain('BEGIN CERTIFICATE');
    const { transitions } = await projected(store);
    expect(
      followTransitions({ known: [a.fingerprintSha256], transitions, presented: [roots[1]!.root], now }),
    ).toMatchObject({ ok: false, code: 'ROOT_TAINTED' });
  });

  it('names as successor the root that is vouched for, else the latest', async () => {
    const [a, b, c] = await rows();
    expect(successorOf(a, [c, a, b])).toBe(b);
    expect(successorOf({ ...a, fingerprintSha256: 'other', certificatePem: c.certificatePem }, [a, b])).toBe(b);
    expect(successorOf(a, [a])).toBeUndefined();
  });

  it('is bounded: of 70 rotations the newest 64', async () => {
    const [a, b] = await rows();
    for (let generation = 1; generation <= 70; generation += 1) {
      const fingerprintSha256 = generation.toString(16).padStart(2, '0').concat(':00'.repeat(31));
      await keep({ ...a, fingerprintSha256, generation, crossSignedPem: null }, { ...b, crossSignedPem: null });
    }
    const [{ count, first }] = await store.dataSource.query(
      'SELECT count(*)::int AS count, min(generation) AS first FROM root_transition',
    );
    expect([count, first]).toEqual([64, 7]);
  });

  it('is refused by other datacenters when it is not what it says', async () => {
    const [a, b] = await rows();
    await keep(a, b);
    const [item] = await replica.snapshot(store.dataSource.manager);
    const elsewhere = await stores.open();
    const body = item!.body as Record<string, string>;
    const forgeries = [
      { ...item!, contentHash: 'another' },
      { ...item!, key: b.fingerprintSha256 },
      { ...item!, body: { ...body, kind: 'tainted' } },
    ];
    for (const forged of forgeries) {
      await expect(elsewhere.run((tx) => replica.stage(tx, forged))).rejects.toMatchObject({
        name: 'BanyanError',
        code: 'REQUEST_INVALID',
      });
    }
    expect(await replica.snapshot(elsewhere.dataSource.manager)).toEqual([]);
  });
});

describe('a root that leaves the bundle, on PostgreSQL', () => {
  let time: FakeTime;
  let bench: CaBench;
  beforeEach(async () => {
    time = new FakeTime();
    bench = await openCaBench(await stores.open(), time.clock);
  });
  afterEach(() => bench.stop());

  const rotate = async (bits: number, forceWithoutCrossSigning = false): Promise<void> => {
    await changeRoot(bench, { provider: 'consul', options: { PrivateKeyBits: bits }, forceWithoutCrossSigning });
    await bench.reconcile();
    await time.advance(1_000);
  };
  const verdictFrom = async (fingerprint: string) => {
    const projection = new TransitionProjection(bench.store);
    await projection.load();
    const presented = bench.projection.state.roots.map((root) => root.certificate);
    const { transitions } = projection;
    return followTransitions({ known: [fingerprint], transitions, presented, now: time.now });
  };

  const drop = async (rootId: string, fence: Fence = bench.fence): Promise<void> => {
    const { index } = await bench.store.run((tx) => bench.root.apply(tx, { kind: 'drop', rootId }), { fence });
    await bench.reached(index);
  };

  it('is found again from the one that is there after two rotations', async () => {
    const first = bench.projection.wantedRoot!;
    await rotate(384);
    await drop(first.id);
    const second = bench.projection.wantedRoot!;
    await rotate(256);
    await drop(second.id);
    const third = bench.projection.state.roots.map((root) => root.id);
    expect(third).toEqual([bench.projection.wantedRoot!.id]);
    for (const known of [first, second]) {
      const verdict = await verdictFrom(known.certificate.fingerprintSha256);
      expect(verdict).toMatchObject({ ok: true, root: { fingerprintSha1: third[0] } });
    }
  });

  it('leads nowhere when it was replaced without a signature', async () => {
    const first = bench.projection.wantedRoot!;
    await rotate(384, true);
    await drop(first.id);
    expect(bench.projection.state.roots).toHaveLength(1);
    const verdict = await verdictFrom(first.certificate.fingerprintSha256);
    expect(verdict).toMatchObject({ ok: false, code: 'ROOT_UNVOUCHED' });
  });

  it('is remembered only when it really leaves', async () => {
    const first = bench.projection.wantedRoot!;
    await rotate(384);
    const lost = { ...bench.fence, fencing: bench.fence.fencing - 1 };
    await expect(drop(first.id, lost)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await bench.store.dataSource.query('SELECT 1 FROM root_transition')).toEqual([]);
  });
});
