import { contentHash, type JsonValue, type StateIndex } from '@banyan/kernel';
import type { CheckState } from './check.js';
import type { ServiceInstance } from './service-instance.js';

/** A host, as its agent or an external registration describes it. */
export interface NodeRegistration {
  /** Name of the node, its key. */
  readonly Node: string;
  /** UUID; absent: the stored one stays, or one is drawn. */
  readonly ID?: string;
  /** IP address or host name at which the node's services are reached. */
  readonly Address: string;
  readonly Meta: Readonly<Record<string, string>>;
}

/** The indexes of the datacenter that stores a record. */
export interface Indexes {
  readonly createIndex: StateIndex;
  readonly modifyIndex: StateIndex;
}

/** A stored node. */
export interface NodeRecord extends Indexes {
  readonly node: NodeRegistration & { readonly ID: string };
}

/** A stored service instance; its key is (node, service.ID). */
export interface ServiceRecord extends Indexes {
  readonly node: string;
  readonly service: ServiceInstance;
}

/** A stored check; its key is (node, check.CheckID). */
export interface CheckRecord extends Indexes {
  readonly node: string;
  readonly check: CheckState;
}

/** Key of a service or check in the commit log. Node names have no slash, so the first one ends the node's name. */
export const recordKey = (node: string, id: string): string => `${node}/${id}`;

/** The two halves of {@link recordKey}. */
export const splitRecordKey = (key: string): readonly [node: string, id: string] => {
  const slash = key.indexOf('/');
  return [key.slice(0, slash), key.slice(slash + 1)];
};

/** Opaque hash of a registration, without anything a datacenter adds (contract §5.4). Also the stored content hash. */
export const serviceContentHash = (service: ServiceInstance): string => contentHash(service as unknown as JsonValue);

/** The stored content hash of a node; when it was last heard is not content. */
export const nodeContentHash = (node: NodeRegistration): string => contentHash(node as unknown as JsonValue);

/** The stored content hash of a check. */
export const checkContentHash = (check: CheckState): string => contentHash(check as unknown as JsonValue);
