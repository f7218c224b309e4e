import type { ChangeMeaning, MadeRoot, ProviderTrial, RootEffect, RootOrder } from '@banyan/ca';
import type { Transaction } from '@banyan/store';

export type { ChangeMeaning, MadeRoot, ProviderTrial, RootEffect, RootOrder };

/** The root authority, as a rotation needs it. The primary binds it; tests bind a fake with behaviour. */
export abstract class RootSteps {
  /** The active root's ID; `CA_UNINITIALIZED` before the first. */
  abstract activeRootId(): string;
  /** Throws `CA_CONFIG_INVALID` or `CA_PROVIDER_UNKNOWN`; changes nothing. Without a change: a new root of the same kind. */
  abstract meaning(order: Pick<RootOrder, 'provider' | 'options'>): Promise<ChangeMeaning>;
  /** Tries the exact calls of a rotation on throwaways. Throws `CA_CONFIG_INVALID`; a call that fails is a finding. */
  abstract trial(order: Pick<RootOrder, 'provider' | 'options'>): Promise<ProviderTrial>;
  abstract make(order: RootOrder, signal: AbortSignal): Promise<MadeRoot>;
  abstract apply(tx: Transaction, effect: RootEffect): Promise<void>;
}
