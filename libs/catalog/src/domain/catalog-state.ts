import { type CheckRecord, type NodeRecord, recordKey, type ServiceRecord } from './records.js';
import { type ServiceSummary, summarize } from './service-summary.js';
import {
  type CatalogRow,
  type HealthRow,
  toCatalogRow,
  toWireCheck,
  toWireNode,
  toWireService,
  type WireCheck,
  type WireNode,
  type WireService,
} from './wire-rows.js';

/** Which instances of a service are wanted. */
export interface InstanceFilter {
  /** Only instances all of whose checks, and their node's, are passing. */
  readonly passing?: boolean;
  /** Only instances that have every one of these tags. */
  readonly tags?: readonly string[];
  /** The ways into the mesh for the named service: its proxies and native instances, in place of the service itself. */
  readonly connect?: boolean;
}

/** One node with everything on it. */
export interface NodeServices {
  readonly Node: WireNode;
  readonly Services: Readonly<Record<string, WireService>>;
}

/**
 * The catalog of one datacenter in memory, indexed for its reads. Records may come in any order: a service whose node
 * is not there is kept and not answered. Invariants: I1 the name indexes hold exactly the services of `services`;
 * I2 no empty set stays in an index.
 */
export class CatalogState {
  readonly #nodes = new Map<string, NodeRecord>();
  readonly #services = new Map<string, ServiceRecord>();
  readonly #checks = new Map<string, CheckRecord>();
  readonly #servicesOfNode = new Groups<ServiceRecord>();
  readonly #checksOfNode = new Groups<CheckRecord>();
  readonly #byName = new Groups<ServiceRecord>();
  readonly #byDestination = new Groups<ServiceRecord>();

  constructor(readonly datacenter: string) {}

  putNode(record: NodeRecord): void {
    this.#nodes.set(record.node.Node, record);
  }

  removeNode(name: string): void {
    this.#nodes.delete(name);
  }

  putService(record: ServiceRecord): void {
    const key = recordKey(record.node, record.service.ID);
    this.removeService(key);
    this.#services.set(key, record);
    this.#servicesOfNode.put(record.node, key, record);
    this.#byName.put(record.service.Service, key, record);
    const destination = destinationOf(record);
    if (destination !== undefined) this.#byDestination.put(destination, key, record);
  }

  /** `key` as made by `recordKey`. Nothing happens when it is not there. */
  removeService(key: string): void {
    const record = this.#services.get(key);
    if (record === undefined) return;
    this.#services.delete(key);
    this.#servicesOfNode.remove(record.node, key);
    this.#byName.remove(record.service.Service, key);
    const destination = destinationOf(record);
    if (destination !== undefined) this.#byDestination.remove(destination, key);
  }

  putCheck(record: CheckRecord): void {
    const key = recordKey(record.node, record.check.CheckID);
    this.#checks.set(key, record);
    this.#checksOfNode.put(record.node, key, record);
  }

  /** `key` as made by `recordKey`. Nothing happens when it is not there. */
  removeCheck(key: string): void {
    const record = this.#checks.get(key);
    if (record === undefined) return;
    this.#checks.delete(key);
    this.#checksOfNode.remove(record.node, key);
  }

  /** Instances with their node and checks, ordered by node, then ID. Empty for an unknown service. */
  healthService(name: string, filter: InstanceFilter = {}): HealthRow[] {
    const rows = this.#instances(name, filter).map(([record, node]): HealthRow => ({
      Node: toWireNode(node, this.datacenter),
      Service: toWireService(record),
      Checks: this.#checksAbout(record),
    }));
    return filter.passing === true
      ? rows.filter((row) => row.Checks.every((check) => check.Status === 'passing'))
      : rows;
  }

  /** Instances as flat rows, ordered by node, then ID. `filter.passing` has no meaning here. */
  serviceRows(name: string, filter: InstanceFilter = {}): CatalogRow[] {
    return this.#instances(name, filter).map(([record, node]) =>
      toCatalogRow(record, toWireNode(node, this.datacenter)),
    );
  }

  /** Every service name with the tags any instance has, both in order. */
  services(): Record<string, string[]> {
    const tags = new Map<string, Set<string>>();
    for (const record of this.#services.values()) {
      if (!this.#nodes.has(record.node)) continue;
      const known = tags.get(record.service.Service) ?? new Set();
      for (const tag of record.service.Tags) known.add(tag);
      tags.set(record.service.Service, known);
    }
    return Object.fromEntries([...tags].toSorted(byKey).map(([name, set]) => [name, [...set].toSorted()]));
  }

  /** Every service name with its instances counted by health, in order of name. */
  summaries(): ServiceSummary[] {
    const placed = [...this.#services.values()].filter(({ node }) => this.#nodes.has(node));
    return summarize(placed, this.#checks.values());
  }

  /** Every node, in order of name. */
  nodes(): WireNode[] {
    return [...this.#nodes].toSorted(byKey).map(([, node]) => toWireNode(node, this.datacenter));
  }

  /** A node with its services by ID; undefined when there is none. */
  node(name: string): NodeServices | undefined {
    const node = this.#nodes.get(name);
    if (node === undefined) return undefined;
    const services = this.#servicesOfNode.of(name).map((record) => [record.service.ID, toWireService(record)] as const);
    return { Node: toWireNode(node, this.datacenter), Services: Object.fromEntries(services.toSorted(byKey)) };
  }

  /** Every check of a node, in order of ID. Empty for an unknown node. */
  healthNode(name: string): WireCheck[] {
    if (!this.#nodes.has(name)) return [];
    return this.#checksOfNode
      .of(name)
      .map((record) => toWireCheck(record, this.#services.get(recordKey(name, record.check.ServiceID))?.service))
      .toSorted((left, right) => compareText(left.CheckID, right.CheckID));
  }

  #instances(name: string, filter: InstanceFilter): (readonly [ServiceRecord, NodeRecord])[] {
    const candidates = (filter.connect === true ? this.#byDestination : this.#byName).of(name);
    const found: (readonly [ServiceRecord, NodeRecord])[] = [];
    for (const record of candidates) {
      const node = this.#nodes.get(record.node);
      const tagged = (filter.tags ?? []).every((tag) => record.service.Tags.includes(tag));
      if (node !== undefined && tagged) found.push([record, node]);
    }
    return found.toSorted(
      ([left], [right]) => compareText(left.node, right.node) || compareText(left.service.ID, right.service.ID),
    );
  }

  /** The checks of an instance, and those of its node as a whole. */
  #checksAbout({ node, service }: ServiceRecord): WireCheck[] {
    return this.#checksOfNode
      .of(node)
      .filter((record) => record.check.ServiceID === '' || record.check.ServiceID === service.ID)
      .map((record) => toWireCheck(record, record.check.ServiceID === '' ? undefined : service))
      .toSorted((left, right) => compareText(left.CheckID, right.CheckID));
  }
}

/** For whom an instance accepts mesh connections: a proxy for its destination, a native one for itself. */
const destinationOf = ({ service }: ServiceRecord): string | undefined => {
  if (service.Kind === 'connect-proxy') return service.Proxy?.DestinationServiceName;
  return service.Connect?.Native === true ? service.Service : undefined;
};

/** Records in named groups, each under a key of its own. */
class Groups<Value> {
  readonly #groups = new Map<string, Map<string, Value>>();

  put(group: string, key: string, value: Value): void {
    const members = this.#groups.get(group);
    if (members === undefined) this.#groups.set(group, new Map([[key, value]]));
    else members.set(key, value);
  }

  remove(group: string, key: string): void {
    const members = this.#groups.get(group);
    members?.delete(key);
    if (members?.size === 0) this.#groups.delete(group);
  }

  of(group: string): Value[] {
    return [...(this.#groups.get(group)?.values() ?? [])];
  }
}

const compareText = (left: string, right: string): number => {
  if (left === right) return 0;
  return left < right ? -1 : 1;
};

const byKey = (left: readonly [string, unknown], right: readonly [string, unknown]): number =>
  compareText(left[0], right[0]);
