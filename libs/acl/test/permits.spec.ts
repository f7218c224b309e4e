import { BanyanError } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import { ANONYMOUS, type Caller, type Permission, permits, requirePermission, type Role } from '../src/index.js';

const caller = (role: Role): Caller => ({ accessorId: '11111111-2222-4333-8444-555555555555', role, description: '' });

/** Every permission there is, about the caller's own name and about another's. */
const PERMISSIONS: readonly (readonly [text: string, permission: Permission])[] = [
  ['service:read own', { resource: 'service', access: 'read', name: 'own' }],
  ['service:read other', { resource: 'service', access: 'read', name: 'other' }],
  ['service:write own', { resource: 'service', access: 'write', name: 'own' }],
  ['service:write own-sidecar-proxy', { resource: 'service', access: 'write', name: 'own-sidecar-proxy' }],
  ['service:write other', { resource: 'service', access: 'write', name: 'other' }],
  ['node:read own', { resource: 'node', access: 'read', name: 'own' }],
  ['node:read other', { resource: 'node', access: 'read', name: 'other' }],
  ['node:write own', { resource: 'node', access: 'write', name: 'own' }],
  ['node:write other', { resource: 'node', access: 'write', name: 'other' }],
  ['intention:read own', { resource: 'intention', access: 'read', name: 'own' }],
  ['intention:read other', { resource: 'intention', access: 'read', name: 'other' }],
  ['intention:write own', { resource: 'intention', access: 'write', name: 'own' }],
  ['intention:write other', { resource: 'intention', access: 'write', name: 'other' }],
  ['agent:read own', { resource: 'agent', access: 'read', name: 'own' }],
  ['agent:read other', { resource: 'agent', access: 'read', name: 'other' }],
  ['agent:write own', { resource: 'agent', access: 'write', name: 'own' }],
  ['agent:write other', { resource: 'agent', access: 'write', name: 'other' }],
  ['registration:write own', { resource: 'registration', access: 'write', name: 'own' }],
  ['registration:write other', { resource: 'registration', access: 'write', name: 'other' }],
  ['operator:read', { resource: 'operator', access: 'read' }],
  ['operator:write', { resource: 'operator', access: 'write' }],
  ['acl:read', { resource: 'acl', access: 'read' }],
  ['acl:write', { resource: 'acl', access: 'write' }],
  ['ca:sign-intermediate own', { resource: 'ca', access: 'sign-intermediate', name: 'own' }],
  ['ca:sign-intermediate other', { resource: 'ca', access: 'sign-intermediate', name: 'other' }],
  ['replication:read own', { resource: 'replication', access: 'read', name: 'own' }],
  ['replication:read other', { resource: 'replication', access: 'read', name: 'other' }],
];

const reads = (resource: string): string[] => [`${resource}:read own`, `${resource}:read other`];

/** The whole matrix, written out: what is not listed is denied. */
const GRANTED: readonly (readonly [role: Role, granted: readonly string[]])[] = [
  [{ kind: 'management' }, PERMISSIONS.map(([text]) => text)],
  [
    { kind: 'operator-read' },
    [...reads('service'), ...reads('node'), ...reads('intention'), ...reads('agent'), 'operator:read', 'acl:read'],
  ],
  [
    { kind: 'replication', datacenter: 'own' },
    [...reads('service'), ...reads('node'), ...reads('intention'), 'ca:sign-intermediate own', 'replication:read own'],
  ],
  [
    { kind: 'replication', datacenter: 'own', scopes: ['replication:read'] },
    [...reads('service'), ...reads('node'), ...reads('intention'), 'replication:read own'],
  ],
  [
    { kind: 'replication', datacenter: 'own', scopes: ['ca:sign-intermediate'] },
    [...reads('service'), ...reads('node'), ...reads('intention'), 'ca:sign-intermediate own'],
  ],
  [
    { kind: 'agent', node: 'own' },
    [
      ...reads('service'),
      ...reads('node'),
      'node:write own',
      ...reads('intention'),
      'agent:read own',
      'agent:write own',
      'registration:write own',
    ],
  ],
  [
    { kind: 'service', service: 'own' },
    [
      ...reads('service'),
      'service:write own',
      'service:write own-sidecar-proxy',
      ...reads('node'),
      'intention:read own',
      ...reads('agent'),
    ],
  ],
];

describe('permits', () => {
  for (const [role, granted] of GRANTED) {
    it(`grants the role ${role.kind} exactly its rights`, () => {
      const allowed = PERMISSIONS.filter(([, permission]) => permits(caller(role), permission).allowed);
      expect(allowed.map(([text]) => text).toSorted()).toEqual([...granted].toSorted());
    });
  }

  it('grants the anonymous caller nothing', () => {
    expect(PERMISSIONS.filter(([, permission]) => permits(ANONYMOUS, permission).allowed)).toEqual([]);
  });
});

const refusal = (who: Caller, permission: Permission): unknown => {
  try {
    requirePermission(who, permission);
  } catch (error) {
    return error instanceof BanyanError ? { code: error.code, message: error.message } : error;
  }
  return undefined;
};

describe('requirePermission', () => {
  it('names the accessor, the permission and the resource', () => {
    const who = caller({ kind: 'service', service: 'api' });
    expect(refusal(who, { resource: 'service', access: 'write', name: 'web' })).toEqual({
      code: 'PERMISSION_DENIED',
      message:
        "Permission denied: token with AccessorID '11111111-2222-4333-8444-555555555555' lacks permission 'service:write' on \"web\"",
    });
    expect(refusal(who, { resource: 'service', access: 'write', name: 'api' })).toBeUndefined();
  });

  it('has no name for a resource without one', () => {
    expect(refusal(caller({ kind: 'agent', node: 'n1' }), { resource: 'operator', access: 'read' })).toEqual({
      code: 'PERMISSION_DENIED',
      message:
        "Permission denied: token with AccessorID '11111111-2222-4333-8444-555555555555' lacks permission 'operator:read'",
    });
  });

  it('says so when no token was given', () => {
    expect(refusal(ANONYMOUS, { resource: 'acl', access: 'write' })).toEqual({
      code: 'PERMISSION_DENIED',
      message:
        "Permission denied: anonymous token lacks permission 'acl:write'. " +
        'The anonymous token is used implicitly when a request does not specify a token.',
    });
  });
});
