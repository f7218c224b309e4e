import type { ReplicationScope, Role } from './caller.js';
import type { Permission } from './permission.js';

type RoleOf<Kind extends Role['kind']> = Extract<Role, { kind: Kind }>;
type PermissionOf<Resource extends Permission['resource']> = Extract<Permission, { resource: Resource }>;
type Grant<Kind extends Role['kind'], Resource extends Permission['resource']> = (
  permission: PermissionOf<Resource>,
  role: RoleOf<Kind>,
) => boolean;
type Grants = {
  readonly [Kind in Role['kind']]: { readonly [Resource in Permission['resource']]: Grant<Kind, Resource> };
};

const always = (): boolean => true;
const never = (): boolean => false;
const reads = (permission: Permission): boolean => permission.access === 'read';

/** A token without limits has every scope of its kind. */
const within = ({ scopes }: RoleOf<'replication'>, scope: ReplicationScope): boolean =>
  scopes === undefined || scopes.includes(scope);

/** What the sidecar of a service is registered as. */
const SIDECAR_SUFFIX = '-sidecar-proxy';

/**
 * The rights of every kind of token, total over kinds and resources: a new kind or resource does not compile until its
 * row or column is written. Least privilege: what is not needed is `never`.
 */
export const GRANTS: Grants = {
  management: {
    service: always,
    node: always,
    intention: always,
    agent: always,
    registration: always,
    operator: always,
    acl: always,
    ca: always,
    replication: always,
  },
  'operator-read': {
    service: reads,
    node: reads,
    intention: reads,
    agent: reads,
    registration: never,
    operator: reads,
    acl: reads,
    ca: never,
    // A read, but of token hashes and for servers only: nothing a person looks at.
    replication: never,
  },
  replication: {
    service: reads,
    node: reads,
    intention: reads,
    agent: never,
    registration: never,
    operator: never,
    acl: never,
    ca: (permission, role) => permission.name === role.datacenter && within(role, 'ca:sign-intermediate'),
    replication: (permission, role) => permission.name === role.datacenter && within(role, 'replication:read'),
  },
  agent: {
    service: reads,
    node: (permission, role) => permission.access === 'read' || permission.name === role.node,
    intention: reads,
    agent: (permission, role) => permission.name === role.node,
    // An agent may register on its own node what its workloads' tokens allowed; it may not claim another node.
    registration: (permission, role) => permission.name === role.node,
    operator: never,
    acl: never,
    ca: never,
    replication: never,
  },
  service: {
    service: (permission, role) =>
      permission.access === 'read' ||
      permission.name === role.service ||
      permission.name === `${role.service}${SIDECAR_SUFFIX}`,
    node: reads,
    intention: (permission, role) => permission.access === 'read' && permission.name === role.service,
    agent: reads,
    registration: never,
    operator: never,
    acl: never,
    ca: never,
    replication: never,
  },
};
