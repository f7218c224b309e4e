import { describe, expect, it } from '@jest/globals';
import { DEFAULT_POLICY, type DatacenterEvidence, planHash, toWirePlan } from '@banyan/rotation';
import { makePlan, type PlanParts } from '../src/domain/make-plan.js';
import { at, heard, laggard, type Said, silent, T0 } from './federation.js';

const plan = (datacenters: readonly DatacenterEvidence[], parts: Partial<PlanParts> = {}) =>
  makePlan({
    intent: { kind: 'rotate', reason: 'planned', provider: 'consul', options: {}, crossSign: true, rootId: 'R1' },
    policy: DEFAULT_POLICY,
    datacenters,
    trial: { canCrossSign: true, faults: [] },
    leafTtlMs: 3_600_000,
    rootNotAfter: at(7_200),
    now: T0,
    ...parts,
  });

describe('a plan', () => {
  it('counts signatures, and takes the slowest datacenter by measured rate and limit for the time', () => {
    const dc1: Said = { leaves: { R1: 1_000 }, signing: { measuredPerSecond: 400, budgetPerSecond: 50 } };
    const dc2: Said = {
      leaves: { R1: 90 },
      ledgerLeaves: { R1: 120 },
      signing: { measuredPerSecond: 2, budgetPerSecond: 50 },
    };
    const { datacenters, totals } = plan([heard('dc1', T0, dc1), heard('dc2', T0, dc2)]);
    expect(
      datacenters.map(({ workloads, signatures, perSecond, seconds }) => [workloads, signatures, perSecond, seconds]),
    ).toEqual([
      [1_000, 1_003, 50, 20],
      [120, 123, 2, 60],
    ]);
    expect(totals).toEqual({
      datacenters: 2,
      agents: 4,
      offlineAgents: 0,
      workloads: 1_120,
      signatures: 1_128,
      estimatedSeconds: 60,
    });
  });

  it('gives no time while a rate is not known', () => {
    const unlimited = heard('dc1', T0, { signing: { budgetPerSecond: 0 } });
    expect(plan([unlimited]).totals.estimatedSeconds).toBeUndefined();
    expect(plan([silent('dc2')]).totals.estimatedSeconds).toBeUndefined();
  });

  it('names blockers: offline, clock skew, silence, no cross-signing, a leaf that outlives its root', () => {
    const said: Said = {
      agents: { total: 5, live: 2, trusting: {} },
      laggards: [
        laggard('n1', { reason: 'offline', live: false }),
        laggard('n2', { reason: 'clock-skew', detail: '40 s ahead' }),
        laggard('n3', { reason: 'pending' }),
      ],
    };
    const { blockers, blockerCount } = plan([heard('dc1', T0, said), silent('dc2'), heard('dc3', T0 - 61_000)], {
      trial: { canCrossSign: false, faults: [] },
      leafTtlMs: 7_200_001,
    });
    expect(blockers.map(({ datacenter, node, reason }) => `${datacenter}/${node ?? ''} ${reason}`)).toEqual([
      'dc1/n1 offline',
      'dc1/n2 clock-skew',
      'dc1/* offline',
      'dc2/ unreported',
      'dc3/ unreported',
      'dc1/ no-cross-sign',
      'dc1/ leaf-outlives-root',
    ]);
    expect(blockerCount).toBe(7);
  });

  it('has a hash that is stable while the world is, and another when anything that matters changed', () => {
    const said: Said = { laggards: [laggard('n1', { reason: 'offline', live: false, seenAt: at(-60) })] };
    const hash = planHash(plan([heard('dc1', T0, said), heard('dc2', T0)]));
    const later: Said = {
      ...said,
      laggards: [laggard('n1', { reason: 'offline', live: false, seenAt: at(-50), detail: 'offline (70 s)' })],
      signing: { measuredPerSecond: 17, budgetPerSecond: 50 },
    };
    expect(planHash(plan([heard('dc2', at(3)), heard('dc1', at(3), later)], { now: at(5) }))).toBe(hash);
    const others = [
      plan([heard('dc1', T0, said)]),
      plan([heard('dc1', T0), heard('dc2', T0)]),
      plan([heard('dc1', T0, said), heard('dc2', T0, { leaves: { R1: 5 } })]),
      plan([heard('dc1', T0, said), heard('dc2', T0)], { policy: { ...DEFAULT_POLICY, retireGraceMs: 1 } }),
      plan([heard('dc1', T0, said), heard('dc2', T0)], { trial: { canCrossSign: false, faults: [] } }),
    ];
    expect(new Set([hash, ...others.map(planHash)]).size).toBe(6);
  });

  it('estimates the bytes of what is added from key type and size', () => {
    const bytes = (options: PlanParts['intent']['options']) =>
      plan([], {
        intent: { kind: 'rotate', reason: 'planned', provider: 'consul', crossSign: true, rootId: 'R1', options },
      }).growth;
    expect(bytes({})).toEqual({ bundleBytes: 563, chainBytes: 563 });
    expect(bytes({ PrivateKeyType: 'rsa', PrivateKeyBits: 4_096 })).toEqual({ bundleBytes: 1_462, chainBytes: 1_462 });
    expect(plan([], { trial: { canCrossSign: false, faults: [] } }).growth.chainBytes).toBe(0);
  });

  it('is answered in the spelling of the API', () => {
    expect(toWirePlan(plan([heard('dc1', T0)]))).toMatchObject({
      Kind: 'rotate',
      LeavingRootID: 'R1',
      Policy: { DistributeWait: '15m0s', VerifyWindow: '5m0s', RetireGrace: '1h0m0s', Deadline: '10m0s' },
      Datacenters: [{ Datacenter: 'dc1', Agents: { Live: 2, Offline: 0 }, EstimatedSeconds: 1 }],
      Totals: { Signatures: 9 },
    });
  });
});
