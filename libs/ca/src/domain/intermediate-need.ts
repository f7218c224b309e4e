import type { EpochMs } from '@banyan/kernel';
import type { KeySpec } from '@banyan/pki';

/** What the decision looks at: the intermediate in use and the root that should stand above it. */
export interface IntermediateSituation {
  readonly active?: { readonly rootId: string; readonly notBefore: EpochMs; readonly notAfter: EpochMs };
  readonly wantedRootId: string;
  readonly now: EpochMs;
}

export type IntermediateNeed =
  | { readonly kind: 'none'; readonly checkAgainAt: EpochMs }
  | { readonly kind: 'vacant' | 'root-changed' | 'half-life'; readonly reason: string };

/** Whether a datacenter needs its next intermediate, and why. Renewal is at half of the lifetime. */
export const intermediateNeed = ({ active, wantedRootId, now }: IntermediateSituation): IntermediateNeed => {
  if (active === undefined) return { kind: 'vacant', reason: 'there is no signing authority yet' };
  if (active.rootId !== wantedRootId) {
    return {
      kind: 'root-changed',
      reason: `the active root is ${wantedRootId}, the signing authority is under ${active.rootId}`,
    };
  }
  const halfLife = (active.notBefore + (active.notAfter - active.notBefore) / 2) as EpochMs;
  if (now >= halfLife) return { kind: 'half-life', reason: 'half of the lifetime has passed' };
  return { kind: 'none', checkAgainAt: halfLife };
};

/** Whether a pending key still fits what the configuration asks for. */
export const sameKeySpec = (a: KeySpec, b: KeySpec): boolean => a.type === b.type && a.bits === b.bits;
