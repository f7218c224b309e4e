import { createHash } from 'node:crypto';
import type { EpochMs } from '@banyan/kernel';
import type { KeySpec } from '@banyan/pki';

/** What the decision looks at: the intermediate in use and the root that should stand above it. */
export interface IntermediateSituation {
  readonly active?: { readonly rootId: string; readonly notBefore: EpochMs; readonly notAfter: EpochMs };
  readonly wantedRootId: string;
  /** When the wanted root ends; absent: late enough. */
  readonly rootNotAfter?: EpochMs;
  /** Whose intermediate it is: moves the moment of renewal a little, always by the same. Absent: exactly half life. */
  readonly datacenter?: string;
  readonly now: EpochMs;
}

/** Whether an intermediate is to be asked for, and why, or when to look again. */
export type IntermediateNeed =
  | { readonly kind: 'none'; readonly checkAgainAt: EpochMs; readonly reason?: string }
  | { readonly kind: 'vacant' | 'root-changed' | 'half-life' | 'ordered'; readonly reason: string };

/** Datacenters that were made together do not ask the root together: each is up to 5 % of a life early or late. */
const SPREAD = 0.05;
/** No sooner than this a renewal is looked at again that would bring nothing. */
const LOOK_AGAIN_MS = 60_000;

/** Which share of its life an intermediate lives before it is renewed: 0.45 … 0.55, the same for a name at all times. */
export const renewalShare = (datacenter: string | undefined): number => {
  if (datacenter === undefined) return 0.5;
  const drawn = createHash('sha256').update(datacenter).digest().readUInt32BE() / 0xffffffff;
  return 0.5 + SPREAD * (2 * drawn - 1);
};

/** Whether a datacenter needs its next intermediate, and why. Renewal is at half of the lifetime, ±5 % by datacenter. */
export const intermediateNeed = (situation: IntermediateSituation): IntermediateNeed => {
  const { active, wantedRootId, rootNotAfter, datacenter, now } = situation;
  if (active === undefined) return { kind: 'vacant', reason: 'there is no signing authority yet' };
  if (active.rootId !== wantedRootId) {
    return {
      kind: 'root-changed',
      reason: `the active root is ${wantedRootId}, the signing authority is under ${active.rootId}`,
    };
  }
  const share = renewalShare(datacenter);
  const renewAt = Math.round(active.notBefore + share * (active.notAfter - active.notBefore)) as EpochMs;
  if (now < renewAt) return { kind: 'none', checkAgainAt: renewAt };
  // It ends with its root: another one would not live longer, and asking would be repeated ever faster until both end.
  if (rootNotAfter !== undefined && active.notAfter >= rootNotAfter && now < active.notAfter) {
    return {
      kind: 'none',
      checkAgainAt: Math.max(now + LOOK_AGAIN_MS, renewAt) as EpochMs,
      reason: 'it lives as long as its root: only a next root brings a longer one',
    };
  }
  return { kind: 'half-life', reason: 'half of the lifetime has passed' };
};

/** How long an intermediate lives that is signed now: as asked, but never past its root. A shorter life is said. */
export const intermediateLife = (ask: {
  readonly askedMs: number;
  readonly rootNotAfter: EpochMs;
  readonly now: EpochMs;
}): { readonly notAfter: EpochMs; readonly shortened?: string } => {
  const asked = (ask.now + ask.askedMs) as EpochMs;
  if (asked <= ask.rootNotAfter) return { notAfter: asked };
  return {
    notAfter: ask.rootNotAfter,
    shortened: `the root ends at ${new Date(ask.rootNotAfter).toISOString()}, before the intermediate would`,
  };
};

/** Whether a pending key still fits what the configuration asks for. */
export const sameKeySpec = (a: KeySpec, b: KeySpec): boolean => a.type === b.type && a.bits === b.bits;
