import type { EpochMs } from '@banyan/kernel';
import type { RootEffect } from '@banyan/ca';
import type { DatacenterEvidence } from '../ports/adoption-evidence.js';

/** What is seen of the world at one moment. */
export interface Look {
  readonly datacenters: readonly DatacenterEvidence[];
  readonly activeRootId: string;
  /** IDs of unfinished rotations that started before this one: their roots leave first. */
  readonly earlier: readonly string[];
  /** IDs of unfinished rotations that started after this one: they are rolled back first. */
  readonly later: readonly string[];
  /** The list of denied keys takes no further one, so that the key of this rotation could not be denied. */
  readonly deniedKeysFull?: boolean;
}

interface ByPerson {
  /** Accessor of who asks. */
  readonly by: string;
}

/** Everything that can happen to a rotation; each at a moment. */
export type RotationEvent = { readonly at: EpochMs } & (
  | {
      readonly kind: 'prepared';
      readonly rootId: string;
      readonly previousRootId: string;
      readonly crossSigned: boolean;
      readonly bundleBytes: number;
      readonly chainBytes: number;
    }
  /** The provider does not answer; it is tried again. */
  | { readonly kind: 'prepare-delayed'; readonly datacenter: string; readonly reason: string }
  | { readonly kind: 'prepare-failed'; readonly code: string; readonly reason: string }
  | { readonly kind: 'evidence'; readonly look: Look }
  | ({ readonly kind: 'pause'; readonly reason?: string } & ByPerson)
  | ({ readonly kind: 'resume'; readonly reason?: string } & ByPerson)
  | ({ readonly kind: 'rollback'; readonly look: Look; readonly reason?: string } & ByPerson)
  | ({
      readonly kind: 'waive';
      readonly datacenter: string;
      readonly node?: string;
      readonly reason: string;
    } & ByPerson)
  /** Past the present gate, as it is. */
  | ({ readonly kind: 'advance'; readonly look: Look; readonly reason?: string } & ByPerson)
  /** The root that is to go leaves now. */
  | ({ readonly kind: 'retire'; readonly look: Look; readonly reason?: string } & ByPerson)
  /** The root that is to go is in wrong hands. */
  | ({ readonly kind: 'taint'; readonly deadlineAt: EpochMs; readonly reason: string } & ByPerson)
  /** The root that is to stay is in wrong hands; another rotation replaces it. */
  | ({ readonly kind: 'take-over'; readonly rotationId: string } & ByPerson)
);

/** The name of an event. */
export type EventKind = RotationEvent['kind'];
/** The event of a name. */
export type EventOf<K extends EventKind> = Extract<RotationEvent, { readonly kind: K }>;

/** What a person can ask of a rotation over the API. */
export const VERBS = [
  'pause',
  'resume',
  'rollback',
  'waive',
  'advance',
  'retire',
] as const satisfies readonly EventKind[];
/** One of {@link VERBS}. */
export type Verb = (typeof VERBS)[number];

/** A change of the root rows that commits together with the rotation that asks for it. `publish` stages a made root. */
export type RotationEffect =
  | RootEffect
  | { readonly kind: 'publish'; readonly rootId: string }
  /** Nobody believes a datacenter's former key any more. */
  | {
      readonly kind: 'deny-key';
      readonly datacenter: string;
      readonly keyFingerprint: string;
      readonly endsAt: number;
    };
