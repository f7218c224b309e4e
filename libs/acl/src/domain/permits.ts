import { BanyanError } from '@banyan/kernel';
import type { Caller } from './caller.js';
import { GRANTS } from './grants.js';
import { describePermission, type Permission } from './permission.js';

/** Whether a caller may do something, and why or why not. */
export interface PermissionVerdict {
  readonly allowed: boolean;
  /** For a denial the text of contract §0.2, ready to be answered. */
  readonly reason: string;
}

/** Decides from the caller's role alone: total, no I/O, no default that allows. */
export const permits = (caller: Caller, permission: Permission): PermissionVerdict => {
  const described = describePermission(permission);
  const role = caller.role;
  if (role === undefined) {
    return {
      allowed: false,
      reason:
        `Permission denied: anonymous token lacks permission ${described}. ` +
        'The anonymous token is used implicitly when a request does not specify a token.',
    };
  }
  const rights = GRANTS[role.kind];
  // The table's type pairs each cell with its role and resource; a lookup by two unions cannot express that pairing.
  const grant = rights[permission.resource] as (permission: Permission, role: typeof caller.role) => boolean;
  if (grant(permission, role)) return { allowed: true, reason: `Role ${role.kind} grants ${described}` };
  return {
    allowed: false,
    reason: `Permission denied: token with AccessorID '${caller.accessorId}' lacks permission ${described}`,
  };
};

/** Throws `PERMISSION_DENIED` with the text of contract §0.2 unless the caller has the permission. */
export const requirePermission = (caller: Caller, permission: Permission): void => {
  const verdict = permits(caller, permission);
  if (verdict.allowed) return;
  throw new BanyanError('PERMISSION_DENIED', verdict.reason, {
    fields: { accessorId: caller.accessorId, resource: permission.resource, access: permission.access },
  });
};
