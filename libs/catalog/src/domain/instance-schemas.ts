import { BanyanError, isBanyanError, isStorableJson, type JsonValue } from '@banyan/kernel';
import { parseServiceName } from '@banyan/identity';
import { z } from 'zod';
import { CHECK_STATUSES, type CheckState } from './check.js';
import type { NodeRegistration } from './records.js';
import { SERVICE_KINDS, type ServiceInstance } from './service-instance.js';

/* The stored forms as schemas: what an agent sends of its node is from outside, however it was authenticated. */
const text = z.string().max(1_024);
const textMap = z.record(z.string().max(128), z.string().max(4_096));
const opaque = z.record(z.string().max(256), z.unknown());
const port = z.int().min(0).max(65_535);
const meshGateway = z.strictObject({ Mode: text.exactOptional() });

const upstream = z.strictObject({
  DestinationType: z.enum(['service', 'prepared_query']),
  DestinationName: text,
  Datacenter: text.exactOptional(),
  LocalBindAddress: text.exactOptional(),
  LocalBindPort: port.exactOptional(),
  LocalBindSocketPath: text.exactOptional(),
  LocalBindSocketMode: text.exactOptional(),
  Config: opaque.exactOptional(),
  MeshGateway: meshGateway,
});

const proxy = z.strictObject({
  DestinationServiceName: text.exactOptional(),
  DestinationServiceID: text.exactOptional(),
  LocalServiceAddress: text.exactOptional(),
  LocalServicePort: port.exactOptional(),
  LocalServiceSocketPath: text.exactOptional(),
  Mode: text,
  Config: opaque.exactOptional(),
  MeshGateway: meshGateway,
  Expose: opaque,
  Upstreams: z.array(upstream).max(1_024).exactOptional(),
});

const instance = z.strictObject({
  Kind: z.enum(SERVICE_KINDS).exactOptional(),
  ID: z.string().min(1).max(512),
  Service: text,
  Tags: z.array(text).max(256),
  Meta: textMap,
  Port: port,
  Address: text,
  SocketPath: text.exactOptional(),
  TaggedAddresses: z.record(z.string().max(128), z.strictObject({ Address: text, Port: port })).exactOptional(),
  Weights: z.strictObject({ Passing: z.int(), Warning: z.int() }),
  EnableTagOverride: z.boolean(),
  Proxy: proxy.exactOptional(),
  Connect: z.strictObject({ Native: z.literal(true) }).exactOptional(),
}) satisfies z.ZodType<ServiceInstance>;

const check = z.strictObject({
  CheckID: z.string().min(1).max(512),
  Name: text,
  Status: z.enum(CHECK_STATUSES),
  Notes: z.string().max(65_536),
  Output: z.string().max(65_536),
  ServiceID: z.string().max(512),
  Type: text,
  Interval: z.string().max(64),
  Timeout: z.string().max(64),
}) satisfies z.ZodType<CheckState>;

const node = z.strictObject({
  Node: text,
  ID: text.exactOptional(),
  Address: text,
  Meta: textMap,
}) satisfies z.ZodType<NodeRegistration>;

const checked = <T>(schema: z.ZodType<T>, value: unknown, code: 'NODE_INVALID' | 'SERVICE_INVALID'): T => {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BanyanError(code, `Invalid registration of a node: ${issue?.path.join('.')}: ${issue?.message}`);
  }
  if (!isStorableJson(value as JsonValue)) {
    throw new BanyanError(code, 'Invalid registration of a node: texts must not contain U+0000');
  }
  return parsed.data;
};

/** The value, if it is a service instance in its stored form. Throws `SERVICE_INVALID`, naming the member. */
export const checkedInstance = (value: unknown): ServiceInstance => {
  const service = checked(instance, value, 'SERVICE_INVALID');
  try {
    parseServiceName(service.Service);
  } catch (error) {
    if (isBanyanError(error, 'NAME_INVALID')) throw new BanyanError('SERVICE_INVALID', error.message);
    throw error;
  }
  return service;
};

/** The value, if it is a check in its stored form. Throws `SERVICE_INVALID`, naming the member. */
export const checkedState = (value: unknown): CheckState => checked(check, value, 'SERVICE_INVALID');

/** The value, if it has the shape of a node. Throws `NODE_INVALID`, naming the member. */
export const checkedNodeShape = (value: unknown): NodeRegistration => checked(node, value, 'NODE_INVALID');
