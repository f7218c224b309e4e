import { BanyanError, isBanyanError, isStorableJson, type JsonValue } from '@banyan/kernel';
import { parseNodeName } from '@banyan/identity';
import { decoded } from './agent-registration.js';
import {
  type CatalogCheckBody,
  type CatalogDeregisterBody,
  catalogDeregisterBodySchema,
  type CatalogRegisterBody,
  catalogRegisterBodySchema,
  type CatalogServiceBody,
} from './body-schemas.js';
import { automaticCheckId, statusOf } from './check-from-body.js';
import { type CheckState, MAX_OUTPUT_LENGTH, NODE_ALIVE_CHECK_ID } from './check.js';
import type { NodeRegistration } from './records.js';
import { refuseService, serviceFromBody } from './service-from-body.js';
import type { ServiceInstance } from './service-instance.js';

/** A registration written to the catalog directly, without an agent. */
export interface CatalogRegistration {
  readonly node: NodeRegistration;
  /** Leave a node that is stored as it is. */
  readonly skipNodeUpdate: boolean;
  readonly service?: ServiceInstance;
  readonly checks: readonly CheckState[];
}

/** What to remove: a check, a service with its checks, or a whole node when neither is named. */
export interface CatalogDeregistration {
  readonly node: string;
  readonly serviceId?: string;
  readonly checkId?: string;
}

const refuseNode = (message: string): never => {
  throw new BanyanError('NODE_INVALID', message);
};

/** Reads a decoded JSON body of `PUT /v1/catalog/register`. Throws `REQUEST_INVALID`, `NODE_INVALID`, `SERVICE_INVALID`. */
export const parseCatalogRegistration = (body: JsonValue): CatalogRegistration =>
  catalogRegistrationOf(decoded(catalogRegisterBodySchema, body));

/** The registration a body stands for, once it follows {@link catalogRegisterBodySchema}. */
export const catalogRegistrationOf = (body: CatalogRegisterBody): CatalogRegistration => {
  const skipNodeUpdate = body.SkipNodeUpdate ?? false;
  const node = nodeOf(body, skipNodeUpdate);
  const service = body.Service ? catalogService(body.Service) : undefined;
  const bodies = [...(body.Check ? [body.Check] : []), ...(body.Checks ?? [])];
  const checks = bodies.map((check, index) => catalogCheck(check, service?.ID ?? '', index + 1, bodies.length));
  if (new Set(checks.map((check) => check.CheckID)).size !== checks.length) {
    refuseService('Invalid check: two checks have the same CheckID');
  }
  return { node, skipNodeUpdate, ...(service === undefined ? {} : { service }), checks };
};

/** Reads a decoded JSON body of `PUT /v1/catalog/deregister`. Throws `REQUEST_INVALID`, `NODE_INVALID`. */
export const parseCatalogDeregistration = (body: JsonValue): CatalogDeregistration =>
  catalogDeregistrationOf(decoded(catalogDeregisterBodySchema, body));

/** What a body asks to remove, once it follows {@link catalogDeregisterBodySchema}. */
export const catalogDeregistrationOf = (body: CatalogDeregisterBody): CatalogDeregistration => {
  if ((body.Node ?? '') === '') refuseNode('Must provide node');
  return {
    node: body.Node as string,
    ...((body.ServiceID ?? '') === '' ? {} : { serviceId: body.ServiceID as string }),
    ...((body.CheckID ?? '') === '' ? {} : { checkId: body.CheckID as string }),
  };
};

/** The node, if it can be stored. Throws `NODE_INVALID`. */
export const checkedNode = (node: NodeRegistration): NodeRegistration => {
  try {
    parseNodeName(node.Node);
  } catch (error) {
    if (isBanyanError(error, 'NAME_INVALID')) refuseNode(error.message);
    throw error;
  }
  if (node.ID !== undefined && !UUID.test(node.ID)) refuseNode('A node ID must be a UUID');
  if (node.Address.length > 256) refuseNode('A node address has at most 256 characters');
  if (!isStorableJson(node as unknown as JsonValue)) refuseNode('Texts of a node must not contain U+0000');
  if (Object.keys(node.Meta).length > 64) refuseNode('A node has at most 64 pairs of Meta');
  return node;
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const nodeOf = (body: CatalogRegisterBody, skipNodeUpdate: boolean): NodeRegistration => {
  const address = body.Address ?? '';
  if ((body.Node ?? '') === '' || (address === '' && !skipNodeUpdate)) refuseNode('Must provide node and address');
  return checkedNode({
    Node: body.Node as string,
    ...((body.ID ?? '') === '' ? {} : { ID: (body.ID as string).toLowerCase() }),
    Address: address,
    Meta: body.NodeMeta ?? {},
  });
};

const catalogService = (body: CatalogServiceBody): ServiceInstance => {
  const name = body.Service || body.Name || '';
  return serviceFromBody(body, { id: body.ID || name, name, connectNative: body.Connect?.Native === true });
};

const catalogCheck = (body: CatalogCheckBody, serviceId: string, position: number, count: number): CheckState => {
  const owner = body.ServiceID || serviceId;
  const checkId =
    body.CheckID || body.ID || (owner === '' ? (body.Name ?? '') : automaticCheckId(owner, position, count));
  if (checkId === NODE_ALIVE_CHECK_ID) refuseService(`Invalid check: ${NODE_ALIVE_CHECK_ID} is kept by the servers`);
  if (!isStorableJson(body as JsonValue)) refuseService('Invalid check: texts must not contain U+0000');
  if (checkId === '' || checkId.length > 512) refuseService('Invalid check: CheckID must have 1 to 512 characters');
  return {
    CheckID: checkId,
    Name: body.Name || checkId,
    Status: statusOf(body.Status, 'critical'),
    Notes: body.Notes ?? '',
    Output: (body.Output ?? '').slice(0, MAX_OUTPUT_LENGTH),
    ServiceID: owner,
    Type: body.Type ?? '',
    Interval: body.Interval ?? '',
    Timeout: body.Timeout ?? '',
  };
};
