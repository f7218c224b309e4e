import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { ledgerCheck } from '../src/domain/chain-check.js';
import { chained, type LedgerEntry } from '../src/domain/ledger-entry.js';
import { colonHex, genesisHash, toWireEntry } from '../src/index.js';
import { leafOf } from './issuances.js';

const genesis = { seq: 0, hash: genesisHash('dc1') };
const chain = (count: number): LedgerEntry[] => [
  ...chained(
    genesis,
    Array.from({ length: count }, () => leafOf()),
    'server-1',
  ),
];
const placeOf = ({ seq, hash }: LedgerEntry) => ({ seq, hash });
const breakOf = (entries: readonly LedgerEntry[], head: LedgerEntry, beginning = genesis) => {
  const check = ledgerCheck(beginning);
  check.follow(entries);
  return check.end(placeOf(head));
};
const proved = (entries: readonly LedgerEntry[], anchor: LedgerEntry) => {
  const check = ledgerCheck(genesis, placeOf(anchor));
  check.follow(entries);
  return check.end(placeOf(entries.at(-1)!));
};

describe('the chain of the ledger', () => {
  it('holds as it was written, from the beginning and from any checkpoint, in pages of any size', () => {
    const entries = chain(5);
    expect(breakOf(entries, entries[4]!)).toBeUndefined();
    expect(breakOf(entries.slice(3), entries[4]!, placeOf(entries[2]!))).toBeUndefined();
    const check = ledgerCheck(genesis);
    for (const entry of entries) expect(check.follow([entry])).toBe(true);
    expect([check.end(placeOf(entries[4]!)), check.entries]).toEqual([undefined, 5]);
  });

  const changes: readonly (readonly [string, (entry: LedgerEntry) => LedgerEntry])[] = [
    ['serial', (e) => ({ ...e, issuance: { ...e.issuance, serialHex: '41' } })],
    ['kind', (e) => ({ ...e, issuance: { ...e.issuance, kind: 'agent' } })],
    ['URI', (e) => ({ ...e, issuance: { ...e.issuance, uri: 'spiffe://x' } })],
    ['subject', (e) => ({ ...e, issuance: { ...e.issuance, subject: 'other' } })],
    ['issuer', (e) => ({ ...e, issuance: { ...e.issuance, issuerKeyId: 'bb' } })],
    ['root', (e) => ({ ...e, issuance: { ...e.issuance, rootId: 'bb' } })],
    [
      'accessor',
      (e) => ({ ...e, issuance: { ...e.issuance, requester: { ...e.issuance.requester, accessorId: 'b' } } }),
    ],
    ['node', (e) => ({ ...e, issuance: { ...e.issuance, requester: { ...e.issuance.requester, node: 'b' } } })],
    ['reason', (e) => ({ ...e, issuance: { ...e.issuance, requester: { ...e.issuance.requester, reason: 'taint' } } })],
    ['begin', (e) => ({ ...e, issuance: { ...e.issuance, notBefore: e.issuance.notAfter } })],
    ['end', (e) => ({ ...e, issuance: { ...e.issuance, notAfter: e.issuance.notBefore } })],
    ['time', (e) => ({ ...e, issuance: { ...e.issuance, issuedAt: e.issuance.notAfter } })],
    ['server', (e) => ({ ...e, server: 'other' })],
    ['link', (e) => ({ ...e, prevHash: genesis.hash })],
    ['hash', (e) => ({ ...e, hash: genesis.hash })],
  ];
  it.each(changes)('breaks at an entry whose %s was changed', (_what, change) => {
    const entries = chain(4);
    const changed = entries.with(2, change(entries[2]!));
    expect(breakOf(changed, entries[3]!)).toMatchObject({ seq: 3, kind: 'changed' });
  });

  it('breaks where an entry is missing, was put in, or was written anew with a hash of its own', () => {
    const entries = chain(4);
    expect(breakOf(entries.toSpliced(1, 1), entries[3]!)).toMatchObject({ seq: 2, kind: 'missing' });
    const forged = chained(placeOf(entries[0]!), [leafOf()], 'server-1');
    expect(breakOf(entries.with(1, forged[0]!), entries[3]!)).toMatchObject({ seq: 3, kind: 'unlinked' });
    expect(breakOf(entries.slice(1), entries[3]!, { seq: 1, hash: genesis.hash })).toMatchObject({
      seq: 2,
      kind: 'unlinked',
      detail: "entry 2 does not follow the ledger's beginning",
    });
  });

  it('breaks when its last entries are gone, and when it is another datacenter’s', () => {
    const entries = chain(4);
    expect(breakOf(entries.slice(0, 3), entries[3]!)).toMatchObject({ seq: 4, kind: 'end' });
    const elsewhere = { seq: 0, hash: genesisHash('dc2') };
    expect(breakOf(entries, entries[3]!, elsewhere)).toMatchObject({ seq: 1, kind: 'unlinked' });
  });

  it('must still lead through what was noted earlier, even if everything was written anew', () => {
    const [before, after] = [chain(4), chain(6)];
    expect(proved(before, before[2]!)).toBeUndefined();
    expect(proved(after, before[2]!)).toMatchObject({ seq: 3, kind: 'anchor' });
    expect(proved(before, after[5]!)).toMatchObject({ seq: 6, kind: 'anchor' });
  });

  it('can be proved by anybody from an exported line', () => {
    const [entry] = chain(1);
    const { Hash, ...rest } = toWireEntry(entry!);
    const repeated = createHash('sha256')
      .update(JSON.stringify(Object.values(rest)))
      .digest('hex');
    expect([repeated, rest.PrevHash]).toEqual([Hash, genesisHash('dc1')]);
  });

  it('finds serials however they are written', () => {
    expect(['AB:CD:01', 'abcd01', 'ab cd 01'].map(colonHex)).toEqual(['ab:cd:01', 'ab:cd:01', 'ab:cd:01']);
  });
});
