import { BanyanError } from '@banyan/kernel';
import { checkedNode } from './catalog-registration.js';
import { type CheckState, MAX_OUTPUT_LENGTH, NODE_ALIVE_CHECK_ID } from './check.js';
import { checkedInstance, checkedNodeShape, checkedState } from './instance-schemas.js';
import { checkContentHash, type NodeRegistration, serviceContentHash } from './records.js';
import type { ServiceInstance } from './service-instance.js';

/** One record that should be there, with the hash that tells whether it already is. */
export interface Wanted<Content> {
  readonly id: string;
  readonly contentHash: string;
  readonly content: Content;
}

/** What has to be written and removed to get from the stored records to the wanted ones. */
export interface Difference<Content> {
  readonly upserts: readonly Wanted<Content>[];
  /** IDs of stored records that are not wanted. */
  readonly removals: readonly string[];
}

/** Compares by hash: a record that is stored with the wanted hash is in neither list. */
export const difference = <Content>(
  stored: ReadonlyMap<string, string>,
  wanted: readonly Wanted<Content>[],
): Difference<Content> => {
  const ids = new Set(wanted.map((record) => record.id));
  return {
    upserts: wanted.filter((record) => stored.get(record.id) !== record.contentHash),
    removals: [...stored.keys()].filter((id) => !ids.has(id)),
  };
};

export const wantedService = (service: ServiceInstance): Wanted<ServiceInstance> => ({
  id: service.ID,
  contentHash: serviceContentHash(service),
  content: service,
});

export const wantedCheck = (check: CheckState): Wanted<CheckState> => ({
  id: check.CheckID,
  contentHash: checkContentHash(check),
  content: check,
});

/** The node's own check, as the servers keep it. */
export const nodeAliveCheck = (alive: boolean): CheckState => ({
  CheckID: NODE_ALIVE_CHECK_ID,
  Name: 'Agent heard',
  Status: alive ? 'passing' : 'critical',
  Notes: '',
  Output: alive ? 'The agent is heard by the servers' : 'The agent has not been heard by the servers',
  ServiceID: '',
  Type: '',
  Interval: '',
  Timeout: '',
});

/** An agent's whole state, checked. */
export interface NodePlan {
  readonly node: NodeRegistration;
  readonly services: readonly Wanted<ServiceInstance>[];
  /** With the node's own check, passing. */
  readonly checks: readonly Wanted<CheckState>[];
}

/** Checks what an agent sent, shape and rules. Throws `NODE_INVALID`, `SERVICE_INVALID`. */
export const planNode = (
  node: NodeRegistration,
  services: readonly ServiceInstance[],
  checks: readonly CheckState[],
): NodePlan => {
  const wantedServices = services.map((service) => wantedService(checkedInstance(service)));
  const serviceIds = new Set(wantedServices.map((service) => service.id));
  if (serviceIds.size !== services.length) refuse('two services have the same ID');
  const states = checks.map(checkedState);
  for (const { CheckID, ServiceID } of states) {
    if (CheckID === NODE_ALIVE_CHECK_ID) refuse(`the check ${NODE_ALIVE_CHECK_ID} is kept by the servers`);
    if (ServiceID !== '' && !serviceIds.has(ServiceID)) {
      refuse(`the check "${CheckID}" is about the unknown service "${ServiceID}"`);
    }
  }
  const bounded = states.map((check) => ({ ...check, Output: check.Output.slice(0, MAX_OUTPUT_LENGTH) }));
  const wantedChecks = [...bounded, nodeAliveCheck(true)].map(wantedCheck);
  if (new Set(wantedChecks.map((check) => check.id)).size !== wantedChecks.length)
    refuse('two checks have the same ID');
  return { node: checkedNode(checkedNodeShape(node)), services: wantedServices, checks: wantedChecks };
};

const refuse = (reason: string): never => {
  throw new BanyanError('SERVICE_INVALID', `Invalid registration of a node: ${reason}`);
};
