import {
  type CatalogDeregistration,
  CatalogReader,
  type CatalogRegistration,
  type CatalogRow,
  CatalogState,
  CatalogWriter,
  type HealthRow,
  type InstanceFilter,
  type NodeServices,
  type NodeSync,
  type ServiceSummary,
  type WireCheck,
  type WireNode,
} from '@banyan/catalog';
import type { EpochMs, StateIndex } from '@banyan/kernel';
import type { MemoryCommits } from './memory-commits.js';

/** A catalog in memory: one object behind both ports. Knows whole registrations, no liveness of agents. */
export class MemoryCatalog implements CatalogReader, CatalogWriter {
  readonly #state: CatalogState;

  constructor(
    private readonly commits: MemoryCommits,
    datacenter: string,
  ) {
    this.#state = new CatalogState(datacenter);
  }

  async register(registration: CatalogRegistration, _now: EpochMs): Promise<StateIndex> {
    await Promise.resolve();
    const { node, service, checks } = registration;
    return this.commits.commit({ topic: 'node', key: node.Node, body: node.Node }, (index) => {
      const indexes = { createIndex: index, modifyIndex: index };
      this.#state.putNode({ node: { ...node, ID: node.ID ?? '5d0f1c7e-0000-4000-8000-1234567890ab' }, ...indexes });
      if (service !== undefined) this.#state.putService({ node: node.Node, service, ...indexes });
      for (const check of checks) this.#state.putCheck({ node: node.Node, check, ...indexes });
    });
  }

  async deregister({ node, serviceId, checkId }: CatalogDeregistration): Promise<StateIndex> {
    await Promise.resolve();
    return this.commits.commit({ topic: 'node', key: node, body: null }, () => {
      if (checkId !== undefined) this.#state.removeCheck(`${node}/${checkId}`);
      else if (serviceId !== undefined) this.#state.removeService(`${node}/${serviceId}`);
      else this.#state.removeNode(node);
    });
  }

  async syncNode({ node, services, checks, now }: NodeSync): Promise<StateIndex> {
    let index = await this.register({ node, skipNodeUpdate: false, checks }, now);
    for (const service of services)
      index = await this.register({ node, skipNodeUpdate: true, service, checks: [] }, now);
    return index;
  }

  touchNode(name: string): Promise<boolean> {
    return Promise.resolve(this.#state.node(name) !== undefined);
  }

  expireNodes(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }

  healthService(name: string, filter?: InstanceFilter): HealthRow[] {
    return this.#state.healthService(name, filter);
  }

  serviceRows(name: string, filter?: InstanceFilter): CatalogRow[] {
    return this.#state.serviceRows(name, filter);
  }

  catalogServices(): Record<string, string[]> {
    return this.#state.services();
  }

  serviceSummaries(): ServiceSummary[] {
    return this.#state.summaries();
  }

  nodes(): WireNode[] {
    return this.#state.nodes();
  }

  node(name: string): NodeServices | undefined {
    return this.#state.node(name);
  }

  healthNode(name: string): WireCheck[] {
    return this.#state.healthNode(name);
  }
}
