import type { RotationPolicy } from './policy.js';

/** A rotation that somebody asks for. Without provider and options: the present configuration, and a next root. */
export interface RotationRequest {
  readonly provider?: string;
  /** The whole configuration, secrets included; in a record only what is public of it. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Whether the present root vouches for the next one. */
  readonly crossSign: boolean;
  /** Why, for the record. */
  readonly note: string;
  readonly policy: RotationPolicy;
  /** The signing key of this datacenter instead of the root; provider, options and cross-signing have no part in it. */
  readonly datacenter?: string;
  /** With `datacenter`: the key is in wrong hands, and is denied at the end, at the deadline at the latest. */
  readonly compromised?: boolean;
}

/** A root whose key is in wrong hands. */
export interface TaintRequest {
  readonly rootId: string;
  /** Its certificate, where nobody here may have it any more: the key is denied all the same. */
  readonly rootPem?: string;
  /** Why, for the record. */
  readonly note: string;
  readonly policy: RotationPolicy;
}

/**
 * How the plan was confirmed: by its hash, or not at all, by a caller that has no dry run (a write of the CA
 * configuration).
 */
export type Confirmation = { readonly planHash: string | undefined } | 'unplanned';

/** On whose behalf. */
export interface RotationContext {
  readonly accessorId: string;
}

/** What a person asks of a rotation that exists. With the hash of a preview only while that still is the effect. */
export type RotationAct = { readonly planHash?: string } & (
  | { readonly verb: 'pause' | 'resume' | 'rollback' | 'advance' | 'retire'; readonly reason?: string }
  | { readonly verb: 'waive'; readonly datacenter: string; readonly node?: string; readonly reason: string }
);
