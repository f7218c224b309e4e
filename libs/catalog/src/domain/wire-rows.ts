import type { CheckRecord, NodeRecord, ServiceRecord } from './records.js';
import { serviceContentHash } from './records.js';
import type { ServiceInstance } from './service-instance.js';

/** A node in an answer (contract §6). */
export interface WireNode {
  readonly ID: string;
  readonly Node: string;
  readonly Address: string;
  readonly Datacenter: string;
  readonly TaggedAddresses: { readonly lan: string; readonly wan: string };
  readonly Meta: Readonly<Record<string, string>>;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

/** A service in a health or node answer (contract §6): the instance, with `Connect` and `PeerName` always there. */
export type WireService = Omit<ServiceInstance, 'Kind' | 'Connect'> & {
  readonly Kind: string;
  readonly Connect: { readonly Native?: true };
  readonly PeerName: '';
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
};

/** A check in an answer (contract §6). */
export interface WireCheck {
  readonly Node: string;
  readonly CheckID: string;
  readonly Name: string;
  readonly Status: string;
  readonly Notes: string;
  readonly Output: string;
  readonly ServiceID: string;
  readonly ServiceName: string;
  readonly ServiceTags: readonly string[];
  readonly Type: string;
  readonly Interval: string;
  readonly Timeout: string;
  readonly ExposedPort: 0;
  readonly Definition: Readonly<Record<string, never>>;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

/** One instance in a health answer. */
export interface HealthRow {
  readonly Node: WireNode;
  readonly Service: WireService;
  readonly Checks: readonly WireCheck[];
}

/** One instance in a catalog answer: flat, with `NodeMeta` where other answers have `Meta` (contract §6). */
export interface CatalogRow {
  readonly ID: string;
  readonly Node: string;
  readonly Address: string;
  readonly Datacenter: string;
  readonly TaggedAddresses: WireNode['TaggedAddresses'];
  readonly NodeMeta: Readonly<Record<string, string>>;
  readonly ServiceKind: string;
  readonly ServiceID: string;
  readonly ServiceName: string;
  readonly ServiceTags: readonly string[];
  readonly ServiceAddress: string;
  readonly ServiceTaggedAddresses?: ServiceInstance['TaggedAddresses'];
  readonly ServiceWeights: ServiceInstance['Weights'];
  readonly ServiceMeta: Readonly<Record<string, string>>;
  readonly ServicePort: number;
  readonly ServiceSocketPath: string;
  readonly ServiceEnableTagOverride: boolean;
  readonly ServiceProxy: ServiceInstance['Proxy'] | Readonly<Record<string, never>>;
  readonly ServiceConnect: { readonly Native?: true };
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

/** A service in an agent's answers (contract §5.4). */
export type WireAgentService = ServiceInstance & { readonly ContentHash: string; readonly Datacenter: string };

export const toWireNode = ({ node, createIndex, modifyIndex }: NodeRecord, datacenter: string): WireNode => ({
  ID: node.ID,
  Node: node.Node,
  Address: node.Address,
  Datacenter: datacenter,
  TaggedAddresses: { lan: node.Address, wan: node.Address },
  Meta: node.Meta,
  CreateIndex: createIndex,
  ModifyIndex: modifyIndex,
});

export const toWireService = ({ service, createIndex, modifyIndex }: ServiceRecord): WireService => {
  const { Kind, Connect, ...members } = service;
  return {
    Kind: Kind ?? '',
    ...members,
    Connect: Connect ?? {},
    PeerName: '',
    CreateIndex: createIndex,
    ModifyIndex: modifyIndex,
  };
};

/** `service` is the instance the check is about, where there is one: its name and tags are answered with the check. */
export const toWireCheck = (record: CheckRecord, service: ServiceInstance | undefined): WireCheck => ({
  Node: record.node,
  CheckID: record.check.CheckID,
  Name: record.check.Name,
  Status: record.check.Status,
  Notes: record.check.Notes,
  Output: record.check.Output,
  ServiceID: record.check.ServiceID,
  ServiceName: service?.Service ?? '',
  ServiceTags: service?.Tags ?? [],
  Type: record.check.Type,
  Interval: record.check.Interval,
  Timeout: record.check.Timeout,
  ExposedPort: 0,
  Definition: {},
  CreateIndex: record.createIndex,
  ModifyIndex: record.modifyIndex,
});

export const toCatalogRow = (record: ServiceRecord, node: WireNode): CatalogRow => {
  const { service } = record;
  return {
    ID: node.ID,
    Node: node.Node,
    Address: node.Address,
    Datacenter: node.Datacenter,
    TaggedAddresses: node.TaggedAddresses,
    NodeMeta: node.Meta,
    ServiceKind: service.Kind ?? '',
    ServiceID: service.ID,
    ServiceName: service.Service,
    ServiceTags: service.Tags,
    ServiceAddress: service.Address,
    ...(service.TaggedAddresses === undefined ? {} : { ServiceTaggedAddresses: service.TaggedAddresses }),
    ServiceWeights: service.Weights,
    ServiceMeta: service.Meta,
    ServicePort: service.Port,
    ServiceSocketPath: service.SocketPath ?? '',
    ServiceEnableTagOverride: service.EnableTagOverride,
    ServiceProxy: service.Proxy ?? {},
    ServiceConnect: service.Connect ?? {},
    CreateIndex: record.createIndex,
    ModifyIndex: record.modifyIndex,
  };
};

/** The body of `GET /v1/agent/service/:id`; `ContentHash` is also the header `X-Consul-ContentHash`. */
export const toAgentService = (service: ServiceInstance, datacenter: string): WireAgentService => ({
  ...service,
  ContentHash: serviceContentHash(service),
  Datacenter: datacenter,
});
