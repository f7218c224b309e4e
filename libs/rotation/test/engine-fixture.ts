import { SystemRandom, SystemTimers } from '@banyan/kernel';
import {
  AdoptionEvidence,
  DEFAULT_POLICY,
  type DatacenterEvidence,
  PresentAuthority,
  RotationEngine,
  RotationProjection,
  type RotationRequest,
  RotationRow,
} from '@banyan/rotation';
import type { Fence, RunOptions, Store, Transaction } from '@banyan/store';
import {
  FakeTime,
  type HeldLease,
  holdLease,
  RecordingLogger,
  testKeyEncryption,
  type TestStores,
} from '@banyan/testkit';
import { ChangeFollower } from '@banyan/watch';
import { heard, MOVED, type Said, SIGNS, TRUSTS } from './federation.js';
import { FakeDeniedKeys } from './fake-denied-keys.js';
import { FakeRootSteps } from './fake-root-steps.js';

export const ENTITIES = [RotationRow];
export const ANA = { accessorId: 'ana' };
export const REQUEST: RotationRequest = { crossSign: true, note: 'yearly', policy: DEFAULT_POLICY };

/** Two datacenters that say what the test lets them. */
export class ToldEvidence extends AdoptionEvidence {
  said: (datacenter: string) => Said = () => ({});

  constructor(private readonly time: FakeTime) {
    super();
  }

  override datacenters(): Promise<readonly DatacenterEvidence[]> {
    return Promise.resolve(['dc1', 'dc2'].map((name) => heard(name, this.time.now, this.said(name))));
  }

  /** Everybody is at this stage, with R2 standing for the root that was made. */
  all(stage: 'R1' | 'trusts' | 'signs' | 'moved', rootId = 'R2'): void {
    const said = { R1: {}, trusts: TRUSTS, signs: SIGNS, moved: MOVED }[stage];
    this.said = () => JSON.parse(JSON.stringify(said).replaceAll('"R2"', JSON.stringify(rootId))) as Said;
  }
}

class FixedPresent extends PresentAuthority {
  constructor(private readonly steps: FakeRootSteps) {
    super();
  }

  override inactiveRoots() {
    return this.steps.inactive.map((rootId) => ({ rootId, isTainted: this.steps.tainted.includes(rootId) }));
  }

  override remembers(rootId: string): boolean {
    return rootId === 'remembered';
  }

  override read() {
    const options = { LeafCertTTL: '72h', PrivateKey: 'kept-secret' };
    return { provider: 'consul', options, leafTtlMs: 259_200_000, rootNotAfter: Date.UTC(2041, 0, 1) };
  }
}

/** The process is gone: nothing after this moment happens. */
export class Crash extends Error {}

/** A store whose process dies with its `at`th transaction: before it commits, or just after. */
export const crashingStore = (store: Store, at: number, when: 'before' | 'after'): Store => {
  let count = 0;
  const run = async (work: (tx: Transaction) => Promise<unknown>, options?: RunOptions): Promise<unknown> => {
    count += 1;
    if (count !== at) return store.run(work, options);
    if (when === 'after') {
      await store.run(work, options);
      throw new Crash();
    }
    return store.run(async (tx) => {
      await work(tx);
      throw new Crash();
    }, options);
  };
  return Object.create(store, { run: { value: run } }) as Store;
};

export interface EngineUnderTest {
  readonly store: Store;
  readonly time: FakeTime;
  readonly steps: FakeRootSteps;
  readonly denied: FakeDeniedKeys;
  readonly evidence: ToldEvidence;
  readonly projection: RotationProjection;
  readonly logger: RecordingLogger;
  readonly lease: HeldLease;
  readonly fence: Fence;
  readonly engine: RotationEngine;
  /** Another process over the same database. */
  engineOver(store: Store): RotationEngine;
  /** Plans and starts. */
  start(request?: Partial<RotationRequest>): Promise<string>;
  step(): Promise<void>;
  phase(id: string): string | undefined;
  stop(): Promise<void>;
}

/** An engine over real PostgreSQL, with a lease, a follower, and a federation that is told. */
export const startEngine = async (stores: TestStores): Promise<EngineUnderTest> => {
  const store = await stores.open();
  const time = new FakeTime();
  const [random, logger] = [new SystemRandom(), new RecordingLogger()];
  const steps = new FakeRootSteps(store);
  await steps.create();
  const projection = new RotationProjection(store);
  const follower = new ChangeFollower({ log: store, timers: new SystemTimers(), random, logger });
  follower.register(projection);
  follower.register(steps);
  await follower.start();
  const lease = await holdLease(store);
  const denied = new FakeDeniedKeys(store);
  await denied.create();
  const evidence = new ToldEvidence(time);
  const engineOver = (over: Store): RotationEngine =>
    new RotationEngine({
      datacenter: 'dc1',
      store: over,
      follower,
      keys: testKeyEncryption(),
      steps,
      denied,
      evidence,
      present: new FixedPresent(steps),
      clock: time.clock,
      random,
      logger,
    });
  const engine = engineOver(store);
  return {
    store,
    time,
    steps,
    denied,
    evidence,
    projection,
    logger,
    lease,
    fence: lease.fence,
    engine,
    engineOver,
    start: async (request = {}) => {
      const wanted = { ...REQUEST, ...request };
      const { hash } = await engine.plan(wanted);
      return (await engine.start(wanted, { planHash: hash }, ANA)).id;
    },
    step: async () => {
      time.jump(1_000);
      await engine.step(lease.fence, new AbortController().signal);
    },
    phase: (id) => projection.find(id)?.rotation.phase,
    stop: async () => {
      await lease.release();
      await follower.stop();
    },
  };
};
