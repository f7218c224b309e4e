/**
 * One thing a caller wants to do. `name` is the service, node, destination service (intention) or datacenter (ca,
 * replication) it is about; for a registration, the node that hosts the workload.
 */
export type Permission =
  | { readonly resource: 'service'; readonly access: 'read' | 'write'; readonly name: string }
  | { readonly resource: 'node'; readonly access: 'read' | 'write'; readonly name: string }
  | { readonly resource: 'intention'; readonly access: 'read' | 'write'; readonly name: string }
  | { readonly resource: 'agent'; readonly access: 'read' | 'write'; readonly name: string }
  | { readonly resource: 'registration'; readonly access: 'write'; readonly name: string }
  | { readonly resource: 'operator'; readonly access: 'read' | 'write' }
  | { readonly resource: 'acl'; readonly access: 'read' | 'write' }
  | { readonly resource: 'ca'; readonly access: 'sign-intermediate'; readonly name: string }
  | { readonly resource: 'replication'; readonly access: 'read'; readonly name: string };

/** `'service:write' on "web"`, the form error texts use; resources without a name have no `on` part (contract §0.2). */
export const describePermission = (permission: Permission): string => {
  const act = `'${permission.resource}:${permission.access}'`;
  return 'name' in permission ? `${act} on "${permission.name}"` : act;
};
