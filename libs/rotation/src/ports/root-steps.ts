import type { Transaction } from '@banyan/store';

/** What the next root shall be. `compromise` is never cross-signed: that would extend the life of the bad key. */
export interface RootOrder {
  /** Names the work, so that a crash resumes with what was made and does not make it twice. */
  readonly rotationId: string;
  readonly provider: string;
  /** The whole configuration as the operator gave it, secrets included; never logged, stored only sealed. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly crossSign: boolean;
}

/** A root that was made, and proved with a probe leaf through every path, but is stored nowhere yet. */
export interface MadeRoot {
  readonly rootId: string;
  readonly previousRootId: string;
  readonly crossSigned: boolean;
  /** DER bytes that the bundle, and every chain while it is needed, grow by. */
  readonly bundleBytes: number;
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
  /** Takes a `next` or `inactive` root out of the bundle and destroys its key. */
  | { readonly kind: 'drop'; readonly rootId: string };

/** What a change of configuration would mean. */
export type ChangeMeaning =
  | { readonly kind: 'unchanged' }
  /** Lifetimes, limits, secrets: no root, intermediate or leaf is touched. */
  | { readonly kind: 'stored' }
  | { readonly kind: 'next-root'; readonly providerChanges: boolean; readonly canCrossSign: boolean };

/** The root authority, as a rotation needs it. The primary binds it; tests bind a fake with behaviour. */
export abstract class RootSteps {
  /** The active root's ID; `CA_UNINITIALIZED` before the first. */
  abstract activeRootId(): string;
  /** Throws `CA_CONFIG_INVALID` or `CA_PROVIDER_UNKNOWN`; changes nothing. Without a change: a new root of the same kind. */
  abstract meaning(order: Pick<RootOrder, 'provider' | 'options'>): Promise<ChangeMeaning>;
  abstract make(order: RootOrder, signal: AbortSignal): Promise<MadeRoot>;
  abstract apply(tx: Transaction, effect: RootEffect): Promise<void>;
}
