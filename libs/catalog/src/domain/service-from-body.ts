import { BanyanError, isBanyanError, isStorableJson, type JsonValue } from '@banyan/kernel';
import { parseDatacenterName, parseServiceName } from '@banyan/identity';
import type { ProxyBody, ServiceMembers, UpstreamBody } from './body-schemas.js';
import {
  type Proxy,
  SERVICE_KINDS,
  type ServiceAddress,
  type ServiceInstance,
  type ServiceKind,
  type Upstream,
  type Weights,
} from './service-instance.js';

/** Throws `SERVICE_INVALID`. */
export const refuseService = (message: string): never => {
  throw new BanyanError('SERVICE_INVALID', message);
};

/** What a body does not say because its place says it. */
export interface ServiceNames {
  readonly id: string;
  readonly name: string;
  readonly connectNative: boolean;
}

/** The instance a body stands for, defaults filled in. Throws `SERVICE_INVALID` with the texts of contract §5.1. */
export const serviceFromBody = (body: ServiceMembers, names: ServiceNames): ServiceInstance => {
  const kind = kindOf(body.Kind);
  checkName(names.name);
  if (names.id === '' || names.id.length > 256) refuseService('Invalid service ID: 1 to 256 characters are allowed');
  if (['0.0.0.0', '::', '[::]'].includes(body.Address ?? '')) refuseService('Invalid service address');
  refuseOtherTenants(body);
  if (!isStorableJson(body as JsonValue)) refuseService('Validation failed: texts must not contain U+0000');
  const proxy = body.Proxy ?? undefined;
  if (kind === undefined && proxy !== undefined) refuseService('Validation failed: Proxy is only allowed on a proxy');
  const taggedAddresses = addressesOf(body);
  return {
    ...(kind === undefined ? {} : { Kind: kind }),
    ID: names.id,
    Service: names.name,
    Tags: body.Tags ?? [],
    Meta: metaOf(body.Meta ?? {}),
    Port: body.Port ?? 0,
    Address: body.Address ?? '',
    ...optional('SocketPath', body.SocketPath),
    ...(taggedAddresses === undefined ? {} : { TaggedAddresses: taggedAddresses }),
    Weights: weightsOf(body.Weights ?? {}),
    EnableTagOverride: body.EnableTagOverride ?? false,
    ...(kind === undefined ? {} : { Proxy: proxyOf(proxy ?? {}, kind) }),
    ...(names.connectNative ? { Connect: { Native: true } } : {}),
  };
};

/** The member, absent when its value is empty. */
const optional = <Name extends string, Value extends string | number>(
  name: Name,
  value: Value | undefined,
): { readonly [K in Name]?: Value } =>
  value === undefined || value === '' || value === 0 ? {} : ({ [name]: value } as { readonly [K in Name]: Value });

const kindOf = (text: string | undefined): ServiceKind | undefined => {
  if (text === undefined || text === '') return undefined;
  return (
    SERVICE_KINDS.find((kind) => kind === text) ??
    refuseService(`Validation failed: Kind "${text.slice(0, 64)}" is unknown`)
  );
};

const checkName = (name: string): void => {
  if (name === '') refuseService('Missing service name');
  try {
    parseServiceName(name);
  } catch (error) {
    if (isBanyanError(error, 'NAME_INVALID')) refuseService(`Validation failed: ${error.message}`);
    throw error;
  }
};

/** Tenancy other than the default one would be lost silently; the body is refused instead. */
const refuseOtherTenants = (body: { Namespace?: string | undefined; Partition?: string | undefined }): void => {
  for (const value of [body.Namespace, body.Partition]) {
    if (value !== undefined && value !== '' && value !== 'default') {
      refuseService('Validation failed: only the namespace and partition "default" exist here');
    }
  }
};

const metaOf = (meta: Record<string, string>): Record<string, string> => {
  const pairs = Object.entries(meta);
  if (pairs.length > 64) refuseService('Invalid Service Meta: more than 64 pairs');
  for (const [key, value] of pairs) {
    if (!/^[A-Za-z0-9_-]{1,128}$/.test(key))
      refuseService('Invalid Service Meta: a key has characters that are not allowed');
    if (key.startsWith('consul-')) refuseService(`Invalid Service Meta: key prefix "consul-" is reserved ("${key}")`);
    if (value.length > 512) refuseService(`Invalid Service Meta: the value of "${key}" is longer than 512 characters`);
  }
  return meta;
};

const weightsOf = (weights: { Passing?: number | undefined; Warning?: number | undefined }): Weights => {
  const { Passing = 1, Warning = 1 } = weights;
  if (Passing < 1) refuseService('Invalid Weights: Passing must be greater than 0');
  if (Warning < 0) refuseService('Invalid Weights: Warning must be greater than or equal 0');
  if (Passing > 65_535 || Warning > 65_535) refuseService('Invalid Weights: Passing and Warning must be at most 65535');
  return { Passing, Warning };
};

const addressesOf = (body: ServiceMembers): Record<string, ServiceAddress> | undefined => {
  const given = Object.entries(body.TaggedAddresses ?? {});
  if (given.length > 64) refuseService('Validation failed: more than 64 TaggedAddresses');
  if (given.length === 0) return undefined;
  return Object.fromEntries(given.map(([tag, at]) => [tag, { Address: at.Address ?? '', Port: at.Port ?? 0 }]));
};

const proxyOf = (body: ProxyBody, kind: ServiceKind): Proxy => {
  const destination = body.DestinationServiceName ?? '';
  if (kind === 'connect-proxy') checkDestination(destination);
  if ((body.Mode ?? '') !== '' && body.Mode !== 'direct') {
    refuseService('Validation failed: Proxy.Mode other than direct is not supported');
  }
  if (!['', 'strict'].includes(body.MutualTLSMode ?? '')) {
    refuseService('Validation failed: Proxy.MutualTLSMode can only be strict');
  }
  const upstreams = (body.Upstreams ?? []).map((upstream, index) => upstreamOf(upstream, `Upstreams[${index}]`));
  return {
    ...optional('DestinationServiceName', destination),
    ...optional('DestinationServiceID', body.DestinationServiceID),
    ...optional('LocalServiceAddress', body.LocalServiceAddress),
    ...optional('LocalServicePort', body.LocalServicePort),
    ...optional('LocalServiceSocketPath', body.LocalServiceSocketPath),
    Mode: body.Mode ?? '',
    ...(body.Config === undefined || body.Config === null ? {} : { Config: body.Config }),
    MeshGateway: meshGatewayOf(body.MeshGateway),
    Expose: body.Expose ?? {},
    ...(upstreams.length === 0 ? {} : { Upstreams: upstreams }),
  };
};

const checkDestination = (destination: string): void => {
  if (destination === '')
    refuseService('Validation failed: Proxy.DestinationServiceName must be non-empty for a connect-proxy');
  if (destination === '*') refuseService('Validation failed: Proxy.DestinationServiceName must not be a wildcard');
  checkName(destination);
};

const upstreamOf = (body: UpstreamBody, path: string): Upstream => {
  const type = body.DestinationType ?? 'service';
  if (type !== 'service' && type !== 'prepared_query' && type !== '') {
    refuseService(`Validation failed: ${path}.DestinationType "${type.slice(0, 64)}" is unknown`);
  }
  const name = body.DestinationName ?? '';
  if (name === '') refuseService(`Validation failed: ${path}.DestinationName is required`);
  if (type !== 'prepared_query') checkName(name);
  if ((body.DestinationPeer ?? '') !== '') refuseService(`Validation failed: ${path}.DestinationPeer is not supported`);
  refuseOtherTenants({ Namespace: body.DestinationNamespace, Partition: body.DestinationPartition });
  if ((body.LocalBindPort ?? 0) === 0 && (body.LocalBindSocketPath ?? '') === '') {
    refuseService(`Validation failed: ${path} needs LocalBindPort or LocalBindSocketPath`);
  }
  checkUpstreamDatacenter(body.Datacenter ?? '', path);
  return {
    DestinationType: type === 'prepared_query' ? 'prepared_query' : 'service',
    DestinationName: name,
    ...optional('Datacenter', body.Datacenter),
    ...optional('LocalBindAddress', body.LocalBindAddress),
    ...optional('LocalBindPort', body.LocalBindPort),
    ...optional('LocalBindSocketPath', body.LocalBindSocketPath),
    ...optional('LocalBindSocketMode', body.LocalBindSocketMode),
    ...(body.Config === undefined || body.Config === null ? {} : { Config: body.Config }),
    MeshGateway: meshGatewayOf(body.MeshGateway),
  };
};

const checkUpstreamDatacenter = (datacenter: string, path: string): void => {
  if (datacenter === '') return;
  try {
    parseDatacenterName(datacenter);
  } catch (error) {
    if (isBanyanError(error, 'NAME_INVALID')) refuseService(`Validation failed: ${path}.Datacenter: ${error.message}`);
    throw error;
  }
};

const meshGatewayOf = (body: { Mode?: string | undefined } | null | undefined): { readonly Mode?: string } => {
  const mode = body?.Mode ?? '';
  if (!['', 'none', 'local', 'remote'].includes(mode))
    refuseService('Validation failed: MeshGateway.Mode must be none, local or remote');
  return mode === '' ? {} : { Mode: mode };
};
