import { SystemRandom } from '@banyan/kernel';
import type { Store, Transaction } from '@banyan/store';
import type { CaProjection, RootAuthority, SecretConfiguration } from '../src/index.js';

export interface RootPlace {
  readonly store: Store;
  readonly projection: CaProjection;
  readonly root: RootAuthority;
  /** Waits until the index is in the projection. */
  reached(index: number): Promise<void>;
}

const never = new AbortController().signal;

/** A change of configuration with all steps of a rotation at once, as soon as each may be taken. */
export const changeRoot = async (
  { store, root, reached }: RootPlace,
  change: SecretConfiguration,
): Promise<{ readonly kind: 'unchanged' | 'stored' | 'rotated'; readonly rootId?: string }> => {
  const commit = async (work: (tx: Transaction) => Promise<void>): Promise<void> =>
    reached((await store.run(work)).index);
  const order = { ...change, crossSign: !change.forceWithoutCrossSigning };
  const meaning = await root.meaning(order);
  if (meaning.kind === 'unchanged') return { kind: 'unchanged' };
  if (meaning.kind === 'stored') {
    await root.storeConfiguration(change);
    return { kind: 'stored' };
  }
  const made = await root.make({ ...order, rotationId: new SystemRandom().uuid(), compromised: false }, never);
  await commit((tx) => made.publish(tx));
  await commit((tx) => root.apply(tx, { kind: 'activate', rootId: made.rootId }));
  return { kind: 'rotated', rootId: made.rootId };
};
