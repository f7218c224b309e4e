import { z } from 'zod';
import { BanyanError, contentHash, SecretText } from '@banyan/kernel';
import type { Role } from './caller.js';
import { identityNames, roleSchema } from './role-schema.js';
import type { IndexedTokenRecord } from './token-record.js';

/** The built-in policy that stands for all rights (contract §8.1). */
export const GLOBAL_MANAGEMENT_POLICY = Object.freeze({
  ID: '00000000-0000-0000-0000-000000000001',
  Name: 'global-management',
});

/** A token in an answer (contract §8.1), plus `Role`, which is banyan's own and always there. */
export interface WireToken {
  readonly AccessorID: string;
  /** `<hidden>` unless the answer creates the token or is its holder's own. */
  readonly SecretID: string;
  readonly Description: string;
  readonly Policies?: readonly { readonly ID: string; readonly Name: string }[];
  readonly ServiceIdentities?: readonly { readonly ServiceName: string }[];
  readonly NodeIdentities?: readonly { readonly NodeName: string }[];
  readonly Role: Role;
  readonly Local: false;
  readonly CreateTime: string;
  readonly Hash: string;
  readonly CreateIndex: number;
  readonly ModifyIndex: number;
}

/** The wire form of a token. Pass `secret` only where its holder may see it. */
export const toWireToken = (record: IndexedTokenRecord, secret?: SecretText): WireToken => ({
  AccessorID: record.accessorId,
  SecretID: secret === undefined ? '<hidden>' : secret.reveal(),
  Description: record.description,
  ...identityForms(record.role),
  Role: record.role,
  Local: false,
  CreateTime: new Date(record.createTime).toISOString(),
  Hash: publicHash(record),
  CreateIndex: record.createIndex,
  ModifyIndex: record.modifyIndex,
});

/**
 * Opaque to clients: 32 bytes in base64, as they expect. Over the public members only, so that nobody can search for
 * a weak secret with it.
 */
const publicHash = ({ accessorId, role, description, createTime }: IndexedTokenRecord): string =>
  Buffer.from(contentHash({ accessorId, role, description, createTime }), 'hex').toString('base64');

const identityForms = (role: Role): Pick<WireToken, 'Policies' | 'ServiceIdentities' | 'NodeIdentities'> => {
  switch (role.kind) {
    case 'management':
      return { Policies: [GLOBAL_MANAGEMENT_POLICY] };
    case 'service':
      return { ServiceIdentities: [{ ServiceName: role.service }] };
    case 'agent':
      return { NodeIdentities: [{ NodeName: role.node }] };
    case 'replication':
    case 'operator-read':
      break;
  }
  return {};
};

const ignored = z.unknown().optional();

/** The body of `PUT /v1/acl/token`: exactly one of `Role`, `Policies`, `ServiceIdentities`, `NodeIdentities`. */
export const tokenBodySchema = z.strictObject({
  AccessorID: z.uuid().toLowerCase().optional(),
  SecretID: z.string().min(16).max(256).optional(),
  Description: z.string().max(512).optional(),
  Role: roleSchema.optional(),
  Policies: z
    .array(z.strictObject({ ID: z.string().max(64).optional(), Name: z.string().max(128).optional() }))
    .max(8)
    .nullish(),
  ServiceIdentities: z
    .array(
      z.strictObject({
        ServiceName: identityNames.serviceName,
        Datacenters: z.array(z.string().max(64)).max(64).nullish(),
      }),
    )
    .max(8)
    .nullish(),
  NodeIdentities: z
    .array(z.strictObject({ NodeName: identityNames.nodeName, Datacenter: z.string().max(64).optional() }))
    .max(8)
    .nullish(),
  Local: z.boolean().optional(),
  CreateTime: ignored,
  Hash: ignored,
  CreateIndex: ignored,
  ModifyIndex: ignored,
});

export type TokenBody = z.infer<typeof tokenBodySchema>;

/** What {@link TokenWriter.create} is asked for. */
export interface TokenDraft {
  readonly role: Role;
  readonly description: string;
  /** A UUID; drawn when absent. */
  readonly accessorId?: string;
  /** 16 to 256 characters; a UUID is drawn when absent. */
  readonly secretId?: SecretText;
}

const refuse = (message: string): never => {
  throw new BanyanError('REQUEST_INVALID', `Token decoding failed: ${message}`);
};

/**
 * The draft a body stands for. Throws `REQUEST_INVALID` when it names no role or more than one, and for limits that
 * would widen the token's rights if they were ignored (`Local`, `Datacenters`).
 */
export const tokenDraftOf = (body: TokenBody): TokenDraft => {
  if (body.Local === true) refuse('Local tokens are not supported; every token is valid in every datacenter');
  return {
    role: roleOf(body),
    description: body.Description ?? '',
    ...(body.AccessorID === undefined ? {} : { accessorId: body.AccessorID }),
    ...(body.SecretID === undefined ? {} : { secretId: new SecretText(body.SecretID) }),
  };
};

const roleOf = (body: TokenBody): Role => {
  const roles: Role[] = [
    ...(body.Role === undefined ? [] : [body.Role]),
    ...(body.Policies ?? []).map(policyRole),
    ...(body.ServiceIdentities ?? []).map(serviceRole),
    ...(body.NodeIdentities ?? []).map(nodeRole),
  ];
  const [role] = roles;
  if (role === undefined || roles.length > 1) {
    return refuse('give exactly one of Role, the global-management policy, one service identity or one node identity');
  }
  return role;
};

const policyRole = (policy: { ID?: string | undefined; Name?: string | undefined }): Role => {
  const known =
    (policy.ID === undefined || policy.ID === GLOBAL_MANAGEMENT_POLICY.ID) &&
    (policy.Name === undefined || policy.Name === GLOBAL_MANAGEMENT_POLICY.Name) &&
    (policy.ID ?? policy.Name) !== undefined;
  return known ? { kind: 'management' } : refuse('the only policy is global-management');
};

const serviceRole = (identity: { ServiceName: string; Datacenters?: string[] | null | undefined }): Role => {
  if ((identity.Datacenters ?? []).length > 0) refuse('ServiceIdentities cannot be limited to Datacenters');
  return { kind: 'service', service: identity.ServiceName };
};

const nodeRole = (identity: { NodeName: string; Datacenter?: string | undefined }): Role => {
  if ((identity.Datacenter ?? '') !== '') refuse('NodeIdentities cannot be limited to a Datacenter');
  return { kind: 'agent', node: identity.NodeName };
};
