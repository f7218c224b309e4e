import type { Transaction } from '@banyan/store';

/** What the next root shall be. */
export interface RootOrder {
  /** Names the work, so that a crash resumes with what was made and does not make it twice. */
  readonly rotationId: string;
  readonly provider: string;
  /** The whole configuration as the operator gave it, secrets included; never logged, stored only sealed. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether the active root vouches for the next one. Never for a compromised key: that would extend its life. */
  readonly crossSign: boolean;
  /** The active root's key is in wrong hands: it is marked as tainted when the next root is published. */
  readonly compromised: boolean;
}

/** A root that was made, and proved with a probe leaf through every path, but is stored nowhere yet. */
export interface MadeRoot {
  readonly rootId: string;
  readonly previousRootId: string;
  readonly crossSigned: boolean;
  /** DER bytes that every bundle grows by. */
  readonly bundleBytes: number;
  /** DER bytes that every chain grows by while the cross-signed certificate is needed. */
  readonly chainBytes: number;
  /** Stages the root as `next`: in every bundle, nobody signs under it. */
  publish(tx: Transaction): Promise<void>;
}

/** One change of the root rows. Each is idempotent: a step that was made already stages nothing. */
export type RootEffect =
  /** `next` becomes `active`, the active one `inactive`, and the configuration that belongs to it is stored. */
  | { readonly kind: 'activate'; readonly rootId: string }
  /** The previous root becomes `active` again with its configuration; the other is `inactive` until it is dropped. */
  | { readonly kind: 'reactivate'; readonly rootId: string; readonly insteadOf: string }
  /**
   * A root that leaves turned out to be in wrong hands: it is marked, or recorded if it is a `next` one about to be dropped.
   * One that has left already is denied at once; its certificate is needed where no record has it any more.
   */
  | { readonly kind: 'taint'; readonly rootId: string; readonly certificatePem?: string }
  /** Takes a `next` or `inactive` root out of the bundle and destroys its key. */
  | { readonly kind: 'drop'; readonly rootId: string };

/** What a change of configuration would mean. */
export type ChangeMeaning =
  | { readonly kind: 'unchanged' }
  /** Lifetimes, limits, secrets: no root, intermediate or leaf is touched. */
  | { readonly kind: 'stored' }
  | { readonly kind: 'next-root'; readonly providerChanges: boolean };

/** What came of trying a provider's calls on throwaways, before anything rests on them. */
export interface ProviderTrial {
  /** Whether the active root's provider can vouch for the next root. */
  readonly canCrossSign: boolean;
  /** Why it cannot, where that is known. */
  readonly cannotBecause?: string;
  /** What the next root's provider cannot do, in words that name the fix. */
  readonly faults: readonly string[];
}
