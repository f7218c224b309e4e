import { BanyanError } from '@banyan/kernel';
import { isDatacenterName, isName } from './names.js';
import { isTrustDomain } from './trust-domain.js';

/** A workload: `spiffe://<td>/ns/default/dc/<dc>/svc/<service>`. */
export interface ServiceId {
  readonly kind: 'service';
  readonly trustDomain: string;
  /** The community edition has one namespace. */
  readonly namespace: 'default';
  readonly datacenter: string;
  readonly service: string;
}

/** A host's agent: `spiffe://<td>/agent/client/dc/<dc>/id/<node>`. */
export interface AgentId {
  readonly kind: 'agent';
  readonly trustDomain: string;
  readonly datacenter: string;
  readonly node: string;
}

/** Any server of a datacenter (they share it): `spiffe://<td>/agent/server/dc/<dc>`. */
export interface ServerId {
  readonly kind: 'server';
  readonly trustDomain: string;
  readonly datacenter: string;
}

/** A datacenter's mesh gateway: `spiffe://<td>/gateway/mesh/dc/<dc>`. */
export interface MeshGatewayId {
  readonly kind: 'mesh-gateway';
  readonly trustDomain: string;
  readonly datacenter: string;
}

/** A root or intermediate: `spiffe://<td>`, without a path. */
export interface SigningId {
  readonly kind: 'signing';
  readonly trustDomain: string;
}

/** Every identity banyan issues. */
export type SpiffeId = ServiceId | AgentId | ServerId | MeshGatewayId | SigningId;

/** The SPIFFE specification's bound (SPIFFE-ID §2.3), in bytes; everything accepted is ASCII. */
const MAX_LENGTH = 2048;
const SCHEME = 'spiffe://';
const NAMESPACE_AND_DC = '/ns/default/dc/';
const SERVICE = '/svc/';
const AGENT = '/agent/client/dc/';
const NODE = '/id/';
const SERVER = '/agent/server/dc/';
const GATEWAY = '/gateway/mesh/dc/';

const refuse = (reason: string): never => {
  // The refused text is left out: it is unbounded and from outside.
  throw new BanyanError('SPIFFE_ID_INVALID', `Not a SPIFFE ID of this mesh: ${reason}.`);
};

/** The name between `from` and the end; a slash in it is not in its alphabet. */
const nameFrom = (text: string, from: number): string => {
  const name = text.slice(from);
  return isName(name) ? name : refuse('a service or node name has a form that is not allowed');
};

const datacenterBetween = (text: string, from: number, to: number): string => {
  const name = text.slice(from, to);
  return isDatacenterName(name) ? name : refuse('the datacenter has a form that is not allowed');
};

const parseService = (text: string, pathAt: number, trustDomain: string): ServiceId => {
  const from = pathAt + NAMESPACE_AND_DC.length;
  const to = text.indexOf('/', from);
  if (to < 0 || !text.startsWith(SERVICE, to)) return refuse('the path is not /ns/default/dc/<dc>/svc/<service>');
  const datacenter = datacenterBetween(text, from, to);
  const service = nameFrom(text, to + SERVICE.length);
  return { kind: 'service', trustDomain, namespace: 'default', datacenter, service };
};

const parseAgent = (text: string, pathAt: number, trustDomain: string): AgentId => {
  const from = pathAt + AGENT.length;
  const to = text.indexOf('/', from);
  if (to < 0 || !text.startsWith(NODE, to)) return refuse('the path is not /agent/client/dc/<dc>/id/<node>');
  const datacenter = datacenterBetween(text, from, to);
  return { kind: 'agent', trustDomain, datacenter, node: nameFrom(text, to + NODE.length) };
};

/**
 * Reads a SPIFFE ID. Strict: nothing is normalized or decoded, so `%`, `//`, `.`, `..`, a query, a fragment, a port,
 * user information and an upper-case host are all refused, and two different texts are never one identity.
 * Runs once per connection: by `indexOf` and character codes, without a regular expression. Throws `SPIFFE_ID_INVALID`.
 */
export const parseSpiffeId = (text: string): SpiffeId => {
  if (text.length > MAX_LENGTH) return refuse('it is longer than 2048 characters');
  if (!text.startsWith(SCHEME)) return refuse('it does not begin with spiffe://');
  const slash = text.indexOf('/', SCHEME.length);
  const pathAt = slash < 0 ? text.length : slash;
  const trustDomain = text.slice(SCHEME.length, pathAt);
  if (!isTrustDomain(trustDomain)) return refuse('its trust domain is not <uuid>.consul in lower case');
  if (slash < 0) return { kind: 'signing', trustDomain };
  if (text.startsWith(NAMESPACE_AND_DC, slash)) return parseService(text, slash, trustDomain);
  if (text.startsWith(AGENT, slash)) return parseAgent(text, slash, trustDomain);
  if (text.startsWith(SERVER, slash)) {
    return { kind: 'server', trustDomain, datacenter: datacenterBetween(text, slash + SERVER.length, text.length) };
  }
  if (text.startsWith(GATEWAY, slash)) {
    const datacenter = datacenterBetween(text, slash + GATEWAY.length, text.length);
    return { kind: 'mesh-gateway', trustDomain, datacenter };
  }
  return refuse('its path is none of those this mesh issues');
};

const pathOf = (id: SpiffeId): string => {
  if (id.kind === 'service') return NAMESPACE_AND_DC + id.datacenter + SERVICE + id.service;
  if (id.kind === 'agent') return AGENT + id.datacenter + NODE + id.node;
  if (id.kind === 'server') return SERVER + id.datacenter;
  if (id.kind === 'mesh-gateway') return GATEWAY + id.datacenter;
  // Does not compile if a kind is forgotten above.
  id satisfies SigningId;
  return '';
};

/** The URI of an identity. `parseSpiffeId(formatSpiffeId(id))` equals `id` for every `id` made of parsed parts. */
export const formatSpiffeId = (id: SpiffeId): string => SCHEME + id.trustDomain + pathOf(id);
