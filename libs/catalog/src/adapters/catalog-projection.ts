import { Store } from '@banyan/store';
import type { Change, Projection } from '@banyan/watch';
import { Any, type EntityManager } from 'typeorm';
import { CatalogState, type InstanceFilter, type NodeServices } from '../domain/catalog-state.js';
import { recordKey, splitRecordKey } from '../domain/records.js';
import type { ServiceSummary } from '../domain/service-summary.js';
import type { CatalogRow, HealthRow, WireCheck, WireNode } from '../domain/wire-rows.js';
import type { CatalogReader } from '../ports/catalog-reader.js';
import { checkOf, HealthCheckRow, nodeOf, NodeRow, ServiceInstanceRow, serviceOf } from './catalog-rows.js';

/** The catalog of the store in memory, kept current by the change follower. */
export class CatalogProjection implements CatalogReader, Projection {
  readonly topics = ['node', 'service', 'check'] as const;
  #state: CatalogState;

  constructor(
    private readonly store: Store,
    private readonly datacenter: string,
  ) {
    this.#state = new CatalogState(datacenter);
  }

  async load(): Promise<void> {
    const { manager } = this.store.dataSource;
    const state = new CatalogState(this.datacenter);
    for (const row of await manager.find(NodeRow)) state.putNode(nodeOf(row));
    for (const row of await manager.find(ServiceInstanceRow)) state.putService(serviceOf(row));
    for (const row of await manager.find(HealthCheckRow)) state.putCheck(checkOf(row));
    this.#state = state;
  }

  /** Reads the rows as they are now, then swaps them in without a pause: no reader sees half of a batch. */
  async apply(changes: readonly Change[]): Promise<void> {
    const { manager } = this.store.dataSource;
    const nodes = keysOf(changes, 'node');
    const services = keysOf(changes, 'service');
    const checks = keysOf(changes, 'check');
    const nodeRows = nodes.length === 0 ? [] : await manager.find(NodeRow, { where: { name: Any(nodes) } });
    const serviceRows = await findByKeys(manager, ServiceInstanceRow, 'id', services);
    const checkRows = await findByKeys(manager, HealthCheckRow, 'check_id', checks);
    const state = this.#state;
    for (const name of missing(
      nodes,
      nodeRows.map((row) => row.name),
    ))
      state.removeNode(name);
    for (const key of missing(
      services,
      serviceRows.map((row) => recordKey(row.node, row.id)),
    ))
      state.removeService(key);
    for (const key of missing(
      checks,
      checkRows.map((row) => recordKey(row.node, row.checkId)),
    ))
      state.removeCheck(key);
    for (const row of nodeRows) state.putNode(nodeOf(row));
    for (const row of serviceRows) state.putService(serviceOf(row));
    for (const row of checkRows) state.putCheck(checkOf(row));
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

const keysOf = (changes: readonly Change[], topic: string): string[] => [
  ...new Set(changes.filter((change) => change.topic === topic).map((change) => change.key)),
];

const missing = (keys: readonly string[], found: readonly string[]): string[] => {
  const known = new Set(found);
  return keys.filter((key) => !known.has(key));
};

/** The rows of a table keyed by (node, id), by pairs: a node has many services, most of which did not change. */
const findByKeys = async <Row extends ServiceInstanceRow | HealthCheckRow>(
  manager: EntityManager,
  entity: new () => Row,
  idColumn: 'id' | 'check_id',
  keys: readonly string[],
): Promise<Row[]> => {
  if (keys.length === 0) return [];
  const pairs = keys.map(splitRecordKey);
  return manager
    .createQueryBuilder<Row>(entity, 'record')
    .where(`(record.node, record.${idColumn}) IN (SELECT * FROM unnest(:nodes::text[], :ids::text[]))`, {
      nodes: pairs.map(([node]) => node),
      ids: pairs.map(([, id]) => id),
    })
    .getMany();
};
