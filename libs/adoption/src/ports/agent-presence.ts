import type { EpochMs } from '@banyan/kernel';

/** The agents of this datacenter, whether they report or not. */
export abstract class AgentPresence {
  /** Every node with an agent, and when it was last heard. */
  abstract seen(): Promise<ReadonlyMap<string, EpochMs>>;
}
