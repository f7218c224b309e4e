import { SilentLogger, SystemRandom, SystemTimers } from '@banyan/kernel';
import { type Fence, LeaseKeeper, type Store } from '@banyan/store';

/** A lease that is held until it is released. */
export interface HeldLease {
  readonly fence: Fence;
  release(): Promise<void>;
}

/** Takes the lease of a datacenter's singletons, waiting for as long as another holds it. */
export const holdLease = (store: Store): Promise<HeldLease> =>
  new Promise((resolve) => {
    const random = new SystemRandom();
    const keeper: LeaseKeeper = new LeaseKeeper({
      store,
      name: 'authority',
      holder: random.uuid(),
      ttlMs: 10_000,
      timers: new SystemTimers(),
      random,
      logger: new SilentLogger(),
      onAcquired: (fence) => resolve({ fence, release: () => keeper.stop() }),
      onLost: () => undefined,
    });
    keeper.start();
  });
