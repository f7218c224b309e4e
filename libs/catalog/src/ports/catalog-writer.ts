import type { EpochMs, StateIndex } from '@banyan/kernel';
import type { CatalogDeregistration, CatalogRegistration } from '../domain/catalog-registration.js';
import type { CheckState } from '../domain/check.js';
import type { NodeRegistration } from '../domain/records.js';
import type { ServiceInstance } from '../domain/service-instance.js';

/** Everything an agent has: what the catalog holds of its node beyond this is removed. */
export interface NodeSync {
  readonly node: NodeRegistration;
  readonly services: readonly ServiceInstance[];
  readonly checks: readonly CheckState[];
  readonly now: EpochMs;
}

/** Where the catalog is written. Every method is one transaction; what does not change is not written. */
export abstract class CatalogWriter {
  /** Adds or replaces a node, one service and some checks. Throws `NODE_INVALID`, `SERVICE_INVALID`. */
  abstract register(registration: CatalogRegistration, now: EpochMs): Promise<StateIndex>;
  /** Removes a check, a service with its checks, or a node with everything. Nothing to remove is no error. */
  abstract deregister(deregistration: CatalogDeregistration): Promise<StateIndex>;
  /**
   * Makes the catalog of one node equal to what its agent has, and the node alive. Throws `NODE_INVALID`, and
   * `SERVICE_INVALID` for two services or checks of one ID, or a check of a service that is not there.
   */
  abstract syncNode(sync: NodeSync): Promise<StateIndex>;
  /**
   * An agent was heard. Takes no index unless the node was held dead. False when the node is not in the catalog (it
   * has to be synced).
   */
  abstract touchNode(name: string, now: EpochMs): Promise<boolean>;
  /**
   * Marks the nodes critical whose agent was not heard for longer than `olderThanMs` before `now`; returns their names.
   * Nodes registered without an agent are never marked.
   */
  abstract expireNodes(now: EpochMs, olderThanMs: number): Promise<readonly string[]>;
}
