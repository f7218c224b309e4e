import { z } from 'zod';
import { renameBodyKeys } from './body-keys.js';

/* Bounds of what is registered. They are generous; a body as a whole is bounded at the edge. */
const text = z.string().max(1_024);
const longText = z.string().max(65_536);
const port = z.int().min(0).max(65_535);
const strings = z.array(text).max(256).nullish();
const textMap = z.record(z.string().max(128), z.string().max(4_096)).nullish();
const opaque = z.record(z.string().max(256), z.unknown()).nullish();
const duration = z.union([z.string().max(64), z.int()]);
const ignored = z.unknown().optional();

const weightsSchema = z.strictObject({ Passing: z.int().optional(), Warning: z.int().optional() });
const meshGatewaySchema = z.strictObject({ Mode: text.optional() });

const taggedAddressesSchema = z
  .record(z.string().max(128), z.strictObject({ Address: text.optional(), Port: port.optional() }))
  .nullish();

const upstreamSchema = z.strictObject({
  DestinationType: text.optional(),
  DestinationName: text.optional(),
  DestinationNamespace: text.optional(),
  DestinationPartition: text.optional(),
  DestinationPeer: text.optional(),
  Datacenter: text.optional(),
  LocalBindAddress: text.optional(),
  LocalBindPort: port.optional(),
  LocalBindSocketPath: text.optional(),
  LocalBindSocketMode: text.optional(),
  Config: opaque,
  MeshGateway: meshGatewaySchema.nullish(),
});

const proxySchema = z.strictObject({
  DestinationServiceName: text.optional(),
  DestinationServiceID: text.optional(),
  LocalServiceAddress: text.optional(),
  LocalServicePort: port.optional(),
  LocalServiceSocketPath: text.optional(),
  Mode: text.optional(),
  TransparentProxy: opaque,
  MutualTLSMode: text.optional(),
  Config: opaque,
  Upstreams: z.array(upstreamSchema).max(1_024).nullish(),
  MeshGateway: meshGatewaySchema.nullish(),
  Expose: opaque,
  AccessLogs: opaque,
  EnvoyExtensions: z.array(z.unknown()).max(64).nullish(),
});

const checkSchema = z.strictObject({
  ID: text.optional(),
  CheckID: text.optional(),
  Name: text.optional(),
  Notes: longText.optional(),
  ServiceID: text.optional(),
  Status: text.optional(),
  TTL: duration.optional(),
  HTTP: text.optional(),
  Method: text.optional(),
  Header: z.record(z.string().max(256), z.array(longText).max(64)).nullish(),
  Body: longText.optional(),
  DisableRedirects: z.boolean().optional(),
  TLSServerName: text.optional(),
  TLSSkipVerify: z.boolean().optional(),
  TCP: text.optional(),
  TCPUseTLS: z.boolean().optional(),
  UDP: text.optional(),
  GRPC: text.optional(),
  GRPCUseTLS: z.boolean().optional(),
  H2PING: text.optional(),
  H2PingUseTLS: z.boolean().optional(),
  Args: strings,
  DockerContainerID: text.optional(),
  Shell: text.optional(),
  OSService: text.optional(),
  AliasNode: text.optional(),
  AliasService: text.optional(),
  Interval: duration.optional(),
  Timeout: duration.optional(),
  DeregisterCriticalServiceAfter: duration.optional(),
  SuccessBeforePassing: z.int().min(0).max(1_000).optional(),
  FailuresBeforeWarning: z.int().min(0).max(1_000).optional(),
  FailuresBeforeCritical: z.int().min(0).max(1_000).optional(),
  OutputMaxSize: z.int().optional(),
  Namespace: text.optional(),
  Partition: text.optional(),
});

const serviceMembers = {
  Kind: text.optional(),
  ID: text.optional(),
  Name: text.optional(),
  Tags: strings,
  Address: text.optional(),
  SocketPath: text.optional(),
  TaggedAddresses: taggedAddressesSchema,
  Meta: textMap,
  Port: port.optional(),
  Proxy: proxySchema.nullish(),
  Check: checkSchema.nullish(),
  Checks: z.array(checkSchema).max(256).nullish(),
  EnableTagOverride: z.boolean().optional(),
  Weights: weightsSchema.nullish(),
  Locality: ignored,
  Token: z.string().max(256).optional(),
  Namespace: text.optional(),
  Partition: text.optional(),
} as const;

const sidecarSchema = z.strictObject(serviceMembers);
const agentServiceSchema = z.strictObject({
  ...serviceMembers,
  Connect: z.strictObject({ Native: z.boolean().optional(), SidecarService: sidecarSchema.nullish() }).nullish(),
});

const catalogServiceSchema = z.strictObject({
  ...serviceMembers,
  Service: text.optional(),
  Connect: z.strictObject({ Native: z.boolean().optional() }).nullish(),
  CreateIndex: ignored,
  ModifyIndex: ignored,
  PeerName: ignored,
  ContentHash: ignored,
  Datacenter: ignored,
});

const catalogCheckSchema = z.strictObject({
  Node: text.optional(),
  CheckID: text.optional(),
  ID: text.optional(),
  Name: text.optional(),
  Status: text.optional(),
  Notes: longText.optional(),
  Output: longText.optional(),
  ServiceID: text.optional(),
  ServiceName: text.optional(),
  ServiceTags: strings,
  Type: text.optional(),
  Interval: text.optional(),
  Timeout: text.optional(),
  ExposedPort: z.int().optional(),
  Definition: z.unknown().optional(),
  Namespace: text.optional(),
  Partition: text.optional(),
  CreateIndex: ignored,
  ModifyIndex: ignored,
});

const catalogRegisterSchema = z.strictObject({
  Datacenter: text.optional(),
  ID: text.optional(),
  Node: text.optional(),
  Address: text.optional(),
  TaggedAddresses: z.record(z.string().max(128), text).nullish(),
  NodeMeta: textMap,
  Service: catalogServiceSchema.nullish(),
  Check: catalogCheckSchema.nullish(),
  Checks: z.array(catalogCheckSchema).max(256).nullish(),
  SkipNodeUpdate: z.boolean().optional(),
  Namespace: text.optional(),
  Partition: text.optional(),
});

const catalogDeregisterSchema = z.strictObject({
  Datacenter: text.optional(),
  Node: text.optional(),
  ServiceID: text.optional(),
  CheckID: text.optional(),
  Namespace: text.optional(),
  Partition: text.optional(),
});

/** The strict shape behind forgiving keys. Typed as the shape: what goes in is any JSON. */
const forgiving = <Shape extends z.ZodType>(shape: Shape) =>
  z.preprocess((value) => renameBodyKeys(shape, value), shape);

/** Body of `PUT /v1/agent/service/register` (contract §5.1); CamelCase or snake_case keys in any case. */
export const agentServiceBodySchema = forgiving(agentServiceSchema);
/** Body of `PUT /v1/catalog/register` (contract §6). */
export const catalogRegisterBodySchema = forgiving(catalogRegisterSchema);
/** Body of `PUT /v1/catalog/deregister` (contract §6). */
export const catalogDeregisterBodySchema = forgiving(catalogDeregisterSchema);

export type AgentServiceBody = z.infer<typeof agentServiceSchema>;
export type SidecarBody = z.infer<typeof sidecarSchema>;
export type CatalogRegisterBody = z.infer<typeof catalogRegisterSchema>;
export type CatalogDeregisterBody = z.infer<typeof catalogDeregisterSchema>;
export type CatalogServiceBody = z.infer<typeof catalogServiceSchema>;
export type CatalogCheckBody = z.infer<typeof catalogCheckSchema>;
export type CheckBody = z.infer<typeof checkSchema>;
export type ProxyBody = z.infer<typeof proxySchema>;
export type UpstreamBody = z.infer<typeof upstreamSchema>;
/** The members that every kind of service body has. */
export type ServiceMembers = Omit<SidecarBody, 'Check' | 'Checks' | 'Token'>;
