import { withTestStore } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { Replicator } from '../src/index.js';
import { ENTITIES, TwoDatacenters } from './two-datacenters.js';

const stores = withTestStore(ENTITIES);

type Step =
  | { readonly kind: 'allow' | 'forget'; readonly source: string; readonly destination: string }
  | { readonly kind: 'cut' | 'heal' | 'restart' | 'restore' | 'trim' | 'wait' };

const named = fc.record({
  kind: fc.constantFrom('allow' as const, 'allow' as const, 'forget' as const),
  source: fc.constantFrom('web', 'batch'),
  destination: fc.constantFrom('shop', 'bank', 'mail'),
});
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: named },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'cut' as const,
        'heal' as const,
        'restart' as const,
        'restore' as const,
        'trim' as const,
        'wait' as const,
      ),
    }),
  },
);

describe('replication, whatever happens', () => {
  let mesh: TwoDatacenters;
  let replicator: Replicator;
  beforeAll(async () => {
    mesh = await TwoDatacenters.open(await stores.open(), await stores.open());
    replicator = mesh.replicate();
  });
  afterAll(() => mesh.stop());

  const heal = (): void => {
    mesh.wan.heal();
    replicator.wake();
  };
  const steps: Readonly<Record<Step['kind'], (step: Step) => Promise<unknown>>> = {
    allow: (step) => ('source' in step ? mesh.allow(step.source, step.destination) : Promise.resolve()),
    forget: (step) => ('source' in step ? mesh.forget(step.source, step.destination) : Promise.resolve()),
    cut: async () => mesh.wan.cut(),
    heal: async () => heal(),
    restart: async () => {
      await mesh.stopReplicating();
      replicator = mesh.replicate();
    },
    // Whoever restores a store starts its servers again.
    restore: async () => {
      await mesh.primary.renewEpoch();
      mesh.wan.cut();
    },
    trim: () => mesh.primary.trimLog(1),
    // A moment in which what is under way may come to any point.
    wait: () => new Promise((resolve) => setTimeout(resolve, 5)),
  };

  it('ends with what the primary has, and with nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 3, maxLength: 12 }), async (story) => {
        for (const step of story) await steps[step.kind](step);
        heal();
        await mesh.converged(replicator);
        // A source without any intention is not believed before somebody confirms it.
        for (const { stream, hash } of await mesh.records.holds()) await mesh.records.confirm(stream, hash);
        expect(await mesh.rows('secondary')).toEqual(await mesh.rows('primary'));
      }),
      { numRuns: 60 },
    );
    expect(new Set(mesh.wan.carried.map((event) => event.kind))).toEqual(new Set(['snapshot', 'changes', 'heartbeat']));
  });
});
