import type { DatacenterAdoption, Laggard } from '@banyan/adoption';
import { type EpochMs, epochMs } from '@banyan/kernel';
import { DEFAULT_POLICY, type DatacenterEvidence, type Rotation, type RotationPolicy } from '@banyan/rotation';
import { beginRotation } from '../src/domain/begin.js';
import type { Look, RotationEffect } from '../src/domain/event.js';
import { makePlan } from '../src/domain/make-plan.js';

export const T0 = epochMs(Date.UTC(2031, 0, 1));
export const at = (seconds: number): EpochMs => epochMs(T0 + seconds * 1_000);

/** What a test says of a datacenter; everything else is as after a quiet day under R1. */
export type Said = Partial<Omit<DatacenterAdoption, 'datacenter'>>;

export const adoptionOf = (datacenter: string, said: Said = {}): DatacenterAdoption => ({
  datacenter,
  bundle: ['R1'],
  signingRootId: 'R1',
  agents: { total: 2, live: 2, trusting: { R1: 2 } },
  leaves: { R1: 4 },
  identities: { R1: 2 },
  ledgerLeaves: { R1: 4 },
  horizons: { R1: at(72 * 3_600) },
  signing: { measuredPerSecond: 400, budgetPerSecond: 50 },
  shadow: { checked: 0, failed: 0, probed: 0, failures: [] },
  laggards: [],
  ...said,
});

export const heard = (datacenter: string, reportedAt: number, said: Said = {}): DatacenterEvidence => ({
  datacenter,
  isPrimary: datacenter === 'dc1',
  adoption: adoptionOf(datacenter, said),
  reportedAt: epochMs(reportedAt),
});

export const silent = (datacenter: string): DatacenterEvidence => ({ datacenter, isPrimary: false });

export const lookOf = (datacenters: readonly DatacenterEvidence[], parts: Partial<Look> = {}): Look => ({
  datacenters,
  activeRootId: 'R1',
  earlier: [],
  later: [],
  ...parts,
});

export const laggard = (node: string, parts: Partial<Laggard> = {}): Laggard => ({
  node,
  reason: 'pending',
  detail: 'under way',
  seenAt: T0,
  live: true,
  lacks: [],
  leaves: {},
  ...parts,
});

/** Stages of a datacenter on its way from R1 to R2. */
export const TRUSTS: Said = {
  bundle: ['R1', 'R2'],
  stagedRootId: 'R2',
  agents: { total: 2, live: 2, trusting: { R1: 2, R2: 2 } },
};
export const SIGNS: Said = { ...TRUSTS, signingRootId: 'R2' };
export const MOVED: Said = {
  bundle: ['R1', 'R2'],
  signingRootId: 'R2',
  agents: { total: 2, live: 2, trusting: { R1: 2, R2: 2 } },
  leaves: { R2: 4 },
  identities: { R2: 2 },
  ledgerLeaves: { R2: 4 },
  horizons: { R1: at(72 * 3_600), R2: at(73 * 3_600) },
  shadow: { rootId: 'R2', checked: 10, failed: 0, probed: 1, failures: [] },
};

/** A rotation as it is persisted before anything is made. */
export const begun = (
  parts: {
    readonly id?: string;
    readonly reason?: 'planned' | 'compromise';
    readonly policy?: Partial<RotationPolicy>;
    readonly now?: EpochMs;
    readonly rootId?: string;
  } = {},
): Rotation => {
  const { reason = 'planned', now = T0, rootId = 'R1' } = parts;
  const plan = makePlan({
    intent: {
      kind: reason === 'planned' ? 'rotate' : 'taint',
      reason,
      provider: 'consul',
      options: {},
      crossSign: reason === 'planned',
      rootId,
    },
    policy: { ...DEFAULT_POLICY, ...parts.policy },
    datacenters: [],
    trial: { canCrossSign: true, faults: [] },
    leafTtlMs: 1,
    rootNotAfter: Number.MAX_SAFE_INTEGER,
    now,
  });
  const id = parts.id ?? '00000000-0000-4000-8000-000000000001';
  return beginRotation({ id, plan, planHash: 'h'.repeat(64), note: '', requester: 'ana', at: now });
};

export const prepared = (
  now: EpochMs,
  parts: { crossSigned?: boolean; rootId?: string; previousRootId?: string } = {},
) =>
  ({
    kind: 'prepared',
    at: now,
    rootId: parts.rootId ?? 'R2',
    previousRootId: parts.previousRootId ?? 'R1',
    crossSigned: parts.crossSigned ?? true,
    bundleBytes: 500,
    chainBytes: 500,
  }) as const;

export const effectText = (effect: RotationEffect): string =>
  effect.kind === 'deny-key'
    ? `deny ${effect.keyFingerprint}`
    : effect.kind === 'reactivate'
      ? `reactivate ${effect.rootId} instead of ${effect.insteadOf}`
      : `${effect.kind} ${effect.rootId}`;
