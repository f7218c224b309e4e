import type { InstanceFilter, NodeServices } from '../domain/catalog-state.js';
import type { ServiceSummary } from '../domain/service-summary.js';
import type { CatalogRow, HealthRow, WireCheck, WireNode } from '../domain/wire-rows.js';

/** Reads of the local datacenter's catalog, from memory, in the shapes of contract §6. */
export abstract class CatalogReader {
  /** `/v1/health/service/:name`, and `/v1/health/connect/:name` with `connect`. Empty for an unknown service. */
  abstract healthService(name: string, filter?: InstanceFilter): HealthRow[];
  /** `/v1/catalog/service/:name`. Empty for an unknown service. */
  abstract serviceRows(name: string, filter?: InstanceFilter): CatalogRow[];
  /** `/v1/catalog/services`: names with their tags. */
  abstract catalogServices(): Record<string, string[]>;
  /** `/v1/health/services`: every name with its instances counted by health. */
  abstract serviceSummaries(): ServiceSummary[];
  /** `/v1/catalog/nodes`. */
  abstract nodes(): WireNode[];
  /** `/v1/catalog/node/:node`; undefined for an unknown node (answered as `null`). */
  abstract node(name: string): NodeServices | undefined;
  /** `/v1/health/node/:node`. Empty for an unknown node. */
  abstract healthNode(name: string): WireCheck[];
}
