import { inspect } from 'node:util';
import { BanyanError, epochMs, SecretText, stateIndex } from '@banyan/kernel';
import { describe, expect, it } from '@jest/globals';
import {
  hashSecret,
  type IndexedTokenRecord,
  parseInitialTokens,
  parseRole,
  type Role,
  tokenBodySchema,
  tokenDraftOf,
  toWireToken,
} from '../src/index.js';

const SECRET = 'correct-horse-battery';
const refusal = (run: () => unknown): BanyanError => {
  try {
    run();
  } catch (error) {
    if (error instanceof BanyanError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
};

const record = (role: Role): IndexedTokenRecord => ({
  accessorId: '11111111-2222-4333-8444-555555555555',
  secretHash: hashSecret(new SecretText(SECRET)),
  role,
  description: 'd',
  createTime: epochMs(Date.UTC(2031, 1, 3, 4, 5, 6, 7)),
  createIndex: stateIndex(4),
  modifyIndex: stateIndex(5),
});

describe('toWireToken', () => {
  it('hides the secret unless it is given, and never shows its hash', () => {
    const hidden = toWireToken(record({ kind: 'management' }));
    expect(hidden.SecretID).toBe('<hidden>');
    expect(toWireToken(record({ kind: 'management' }), new SecretText(SECRET)).SecretID).toBe(SECRET);
    const hash = Buffer.from(hashSecret(new SecretText(SECRET)), 'hex');
    expect(hidden.Hash).not.toBe(hash.toString('base64'));
    expect(JSON.stringify(hidden)).not.toContain(hash.toString('hex'));
  });

  it('expresses roles in the forms clients know, and always as Role', () => {
    const management = toWireToken(record({ kind: 'management' }));
    expect(management.Policies).toEqual([{ ID: '00000000-0000-0000-0000-000000000001', Name: 'global-management' }]);
    expect(management.CreateTime).toBe('2031-02-03T04:05:06.007Z');
    expect(toWireToken(record({ kind: 'service', service: 'web' })).ServiceIdentities).toEqual([
      { ServiceName: 'web' },
    ]);
    expect(toWireToken(record({ kind: 'agent', node: 'n1' })).NodeIdentities).toEqual([{ NodeName: 'n1' }]);
    const replication = toWireToken(record({ kind: 'replication', datacenter: 'dc2' }));
    expect(replication.Role).toEqual({ kind: 'replication', datacenter: 'dc2' });
    expect([replication.Policies, replication.ServiceIdentities, replication.NodeIdentities]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('the token body', () => {
  it.each<[object, Role]>([
    [{ Role: { kind: 'operator-read' } }, { kind: 'operator-read' }],
    [{ Policies: [{ Name: 'global-management' }] }, { kind: 'management' }],
    [{ Policies: [{ ID: '00000000-0000-0000-0000-000000000001' }] }, { kind: 'management' }],
    [
      { ServiceIdentities: [{ ServiceName: 'web' }], Policies: null },
      { kind: 'service', service: 'web' },
    ],
    [{ NodeIdentities: [{ NodeName: 'n1' }] }, { kind: 'agent', node: 'n1' }],
  ])('%j names a role', (body, role) => {
    expect(tokenDraftOf(tokenBodySchema.parse(body)).role).toEqual(role);
  });

  it.each<[object]>([
    [{}],
    [{ Role: { kind: 'management' }, NodeIdentities: [{ NodeName: 'n1' }] }],
    [{ ServiceIdentities: [{ ServiceName: 'a' }, { ServiceName: 'b' }] }],
    [{ ServiceIdentities: [{ ServiceName: 'a', Datacenters: ['dc1'] }] }],
    [{ NodeIdentities: [{ NodeName: 'n1', Datacenter: 'dc1' }] }],
    [{ Policies: [{ Name: 'mine' }] }],
    [{ Policies: [{ ID: '00000000-0000-0000-0000-000000000001', Name: 'mine' }] }],
    [{ Policies: [{}] }],
    [{ Role: { kind: 'management' }, Local: true }],
  ])('%j is refused, since it would be wider or other than asked', (body) => {
    expect(refusal(() => tokenDraftOf(tokenBodySchema.parse(body))).code).toBe('REQUEST_INVALID');
  });

  it.each<[object]>([
    [{ Role: { kind: 'root' } }],
    [{ Role: { kind: 'service', service: 'a b' } }],
    [{ Role: { kind: 'service', service: 'a', extra: 1 } }],
    [{ Role: { kind: 'management' }, SecretID: 'short' }],
    [{ Role: { kind: 'management' }, AccessorID: 'not-a-uuid' }],
    [{ Role: { kind: 'management' }, Unknown: 1 }],
  ])('%j does not follow the schema', (body) => {
    expect(tokenBodySchema.safeParse(body).success).toBe(false);
  });
});

describe('parseRole', () => {
  it('refuses what it does not know', () => {
    expect(parseRole({ kind: 'agent', node: 'n1' })).toEqual({ kind: 'agent', node: 'n1' });
    for (const value of [null, 'management', { kind: 'superuser' }, { kind: 'agent' }, { kind: 'agent', node: '..' }]) {
      expect(refusal(() => parseRole(value)).code).toBe('REQUEST_INVALID');
    }
  });
});

describe('parseInitialTokens', () => {
  it('reads roles and secrets', () => {
    const text = JSON.stringify([
      { role: { kind: 'agent', node: 'n1' }, secret: SECRET, description: 'agent' },
      { role: { kind: 'management' }, secret: `${SECRET}-2`, accessorId: '11111111-2222-4333-8444-555555555555' },
    ]);
    const tokens = parseInitialTokens(text);
    expect(
      tokens.map((token) => [token.role.kind, token.description, token.secretId.reveal(), token.accessorId]),
    ).toEqual([
      ['agent', 'agent', SECRET, undefined],
      ['management', '', `${SECRET}-2`, '11111111-2222-4333-8444-555555555555'],
    ]);
    expect(inspect(tokens)).not.toContain(SECRET);
  });

  const good = { role: { kind: 'management' }, secret: SECRET };
  it.each<[string, string, string]>([
    ['no JSON', `[{"secret": "${SECRET}" oops`, 'The initial tokens are not valid JSON'],
    ['no array', `{"secret": "${SECRET}"}`, 'The initial tokens must be a JSON array'],
    [
      'an unknown role',
      JSON.stringify([good, { role: { kind: SECRET }, secret: SECRET }]),
      'entry [1] is invalid: role.kind',
    ],
    [
      'a short secret',
      JSON.stringify([{ ...good, secret: 'short-secret' }]),
      'entry [0] is invalid: secret (too_small)',
    ],
    [
      'an unknown member',
      JSON.stringify([{ ...good, [SECRET]: 1 }]),
      'entry [0] is invalid: entry (unrecognized_keys)',
    ],
    ['a repeated secret', JSON.stringify([good, good]), 'entry [1] repeats the secret'],
    ['too many', JSON.stringify(Array.from({ length: 1_001 }, () => good)), 'more than 1000 entries'],
    ['too long', ' '.repeat(1_048_577), 'longer than 1048576 characters'],
  ])('refuses %s by position, without any value of the file', (_, text, message) => {
    const error = refusal(() => parseInitialTokens(text));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(message);
    expect(inspect(error)).not.toContain(SECRET);
    expect(inspect(error)).not.toContain('short-secret');
  });
});
