import { type Clock, SilentLogger, stateIndex, SystemRandom, SystemTimers } from '@banyan/kernel';
import { type Fence, KeyEncryption, type Store } from '@banyan/store';
import { holdLease, MemoryIssuances } from '@banyan/testkit';
import { ChangeFollower } from '@banyan/watch';
import {
  CaProjection,
  type IssuedIntermediate,
  LeafIssuer,
  LocalIntermediateIssuer,
  RootAuthority,
  SigningAuthority,
  type SigningOrders,
} from '../src/index.js';

const timers = new SystemTimers();
const random = new SystemRandom();
const logger = new SilentLogger();
const never = new AbortController().signal;

/** The root beside us, and how often it was asked for an intermediate. */
export class CountingIssuer extends LocalIntermediateIssuer {
  asked = 0;
  override issue(...order: Parameters<LocalIntermediateIssuer['issue']>): Promise<IssuedIntermediate> {
    this.asked += 1;
    return super.issue(...order);
  }
}

/** The CA of a primary called dc1 on a real store, at the time of the given clock, holding its lease. */
export interface CaBench {
  readonly store: Store;
  readonly projection: CaProjection;
  readonly root: RootAuthority;
  readonly issuer: CountingIssuer;
  readonly leaves: LeafIssuer;
  readonly recorder: MemoryIssuances;
  readonly fence: Fence;
  /** Makes the signing authority what it should be now. */
  reconcile(): Promise<void>;
  /** Waits until the index is in the projection. */
  reached(index: number): Promise<void>;
  stop(): Promise<void>;
}

export const openCaBench = async (store: Store, clock: Clock, orders?: SigningOrders): Promise<CaBench> => {
  const keys = KeyEncryption.fromKey(new Uint8Array(32).fill(7));
  const follower = new ChangeFollower({ log: store, timers, random, logger });
  const projection = new CaProjection(store, keys);
  follower.register(projection);
  await follower.start();
  const lease = await holdLease(store);
  const { fence } = lease;
  const recorder = new MemoryIssuances();
  const common = { datacenter: 'dc1', store, follower, projection, keys, recorder, clock, random, logger };
  const root = new RootAuthority(common);
  const issuer = new CountingIssuer(root);
  const signing = new SigningAuthority({ ...common, issuer, ...(orders && { orders }) });
  await root.initialize(fence, never);
  await signing.reconcile(fence, never);
  return {
    store,
    projection,
    root,
    issuer,
    fence,
    leaves: new LeafIssuer({ datacenter: 'dc1', store, projection, recorder, clock, timers, random }),
    recorder,
    reached: (index) => follower.reached(stateIndex(index), { limitMs: 10_000 }),
    reconcile: async () => void (await signing.reconcile(fence, never)),
    stop: async () => {
      await lease.release();
      await follower.stop();
    },
  };
};
