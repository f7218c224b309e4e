import { type CheckStatus, CHECK_STATUSES } from './check.js';
import { type CheckRecord, recordKey, type ServiceRecord } from './records.js';

/** All instances of one name, counted by their worst check: what a list of many services shows of each. */
export interface ServiceSummary {
  readonly Name: string;
  /** Empty for a service proper, else as in a registration: `connect-proxy`. */
  readonly Kind: string;
  /** Of any instance, in order. */
  readonly Tags: readonly string[];
  readonly Nodes: number;
  readonly Instances: number;
  /** Instances by the worst of their checks and their node's; one without a check is passing. */
  readonly Passing: number;
  readonly Warning: number;
  readonly Critical: number;
}

/** Everything on a node as a whole counts for each service on it. */
const ABOUT_NODE = '';

/**
 * One summary for each name, in order of name. Checks are walked once, so that ten thousand services on one node take no
 * longer than on ten thousand.
 */
export const summarize = (services: Iterable<ServiceRecord>, checks: Iterable<CheckRecord>): ServiceSummary[] => {
  const worst = worstByService(checks);
  const groups = new Map<string, Group>();
  for (const record of services) {
    const { Service: name, Kind = '' } = record.service;
    let group = groups.get(name);
    if (group === undefined) groups.set(name, (group = new Group(name, Kind)));
    const own = worst.get(recordKey(record.node, record.service.ID)) ?? 0;
    group.add(record, Math.max(own, worst.get(recordKey(record.node, ABOUT_NODE)) ?? 0));
  }
  return [...groups.values()].map((group) => group.summary()).toSorted((a, b) => (a.Name < b.Name ? -1 : 1));
};

/** The worst status by node and service, as its place in {@link CHECK_STATUSES}. */
const worstByService = (checks: Iterable<CheckRecord>): ReadonlyMap<string, number> => {
  const worst = new Map<string, number>();
  for (const { node, check } of checks) {
    const key = recordKey(node, check.ServiceID);
    worst.set(key, Math.max(worst.get(key) ?? 0, CHECK_STATUSES.indexOf(check.Status)));
  }
  return worst;
};

class Group {
  readonly #tags = new Set<string>();
  readonly #nodes = new Set<string>();
  readonly #counts: Record<CheckStatus, number> = { passing: 0, warning: 0, critical: 0 };

  constructor(
    private readonly name: string,
    private readonly kind: string,
  ) {}

  add({ node, service }: ServiceRecord, status: number): void {
    this.#nodes.add(node);
    for (const tag of service.Tags) this.#tags.add(tag);
    this.#counts[CHECK_STATUSES[status]!] += 1;
  }

  summary(): ServiceSummary {
    const { passing, warning, critical } = this.#counts;
    return {
      Name: this.name,
      Kind: this.kind,
      Tags: [...this.#tags].toSorted(),
      Nodes: this.#nodes.size,
      Instances: passing + warning + critical,
      Passing: passing,
      Warning: warning,
      Critical: critical,
    };
  }
}
