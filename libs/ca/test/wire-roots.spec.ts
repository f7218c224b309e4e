import { epochMs, stateIndex } from '@banyan/kernel';
import { type ForgedIdentity, forgeIdentity } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import { crossSignedPath, type RootRecord } from '../src/domain/root-record.js';
import { toWireRoots } from '../src/domain/wire-roots.js';

const clusterId = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61';
const validity = {
  notBefore: epochMs(Date.UTC(2031, 1, 3, 4, 5, 6)),
  notAfter: epochMs(Date.UTC(2041, 0, 31, 4, 5, 6)),
};
const authority = { ca: true, uris: [`spiffe://${clusterId}.consul`], ...validity };

const make = (subject: string, issuer?: ForgedIdentity, serialHex?: string): ForgedIdentity =>
  forgeIdentity({ ...authority, subject, ...(serialHex !== undefined && { serialHex }) }, issuer);

/** `by`'s certificate for the key and the name of `root`. */
const cross = (root: ForgedIdentity, by: ForgedIdentity) =>
  forgeIdentity({ ...authority, subject: root.certificate.commonName!, keyPair: root }, by).certificate;

const r1 = make('r1', undefined, '7f0011223344556688ffeeddccbbaa99');
const r2 = make('r2');
const r3 = make('r3');

const record = (root: ForgedIdentity, generation: number, change: Partial<RootRecord> = {}): RootRecord => ({
  id: root.certificate.fingerprintSha1,
  generation,
  name: 'Consul CA Primary Cert',
  certificate: root.certificate,
  state: 'inactive',
  provider: 'consul',
  privateKeyType: 'ec',
  privateKeyBits: 256,
  createIndex: stateIndex(10 + generation),
  modifyIndex: stateIndex(20 + generation),
  ...change,
});
const roots = [
  record(r1, 1),
  record(r2, 2, { crossSigned: cross(r2, r1) }),
  record(r3, 3, { crossSigned: cross(r3, r2), state: 'active' }),
];
const [first, second, third] = roots as [RootRecord, RootRecord, RootRecord];

describe('crossSignedPath', () => {
  it('leads from a root to every earlier root of the bundle, the nearest step first', () => {
    expect(crossSignedPath(third, roots)).toEqual([third.crossSigned, second.crossSigned]);
    expect(crossSignedPath(second, roots)).toEqual([second.crossSigned]);
    expect(crossSignedPath(first, roots)).toEqual([]);
  });

  it('ends with the bundle: what nobody can trust by is not carried', () => {
    expect(crossSignedPath(third, [second, third])).toEqual([third.crossSigned]);
    expect(crossSignedPath(third, [third])).toEqual([]);
  });

  it('ends at a root that was rotated in without a cross-signed certificate', () => {
    const { crossSigned: _, ...alone } = second;
    expect(crossSignedPath(third, [first, alone, third])).toEqual([third.crossSigned]);
  });
});

describe('toWireRoots', () => {
  const signing = make('dc2', r3);
  const before = make('dc2-before', r2);
  const view = {
    trustDomain: { name: `${clusterId}.consul`, clusterId },
    roots,
    active: { rootId: third.id, certificate: signing.certificate, modifyIndex: stateIndex(99) },
    retired: [
      { rootId: second.id, certificate: before.certificate },
      { rootId: second.id, certificate: make('dc2-long-ago', r2).certificate },
    ],
    taintedGone: [],
    deniedKeys: [],
  };
  const wire = toWireRoots(view);
  const [one, two, three] = wire.Roots;

  it('names the trust domain with and without its suffix, and the one active root', () => {
    expect(wire.TrustDomain).toBe(`${clusterId}.consul`);
    expect(wire.ActiveRootID).toBe(third.id);
    expect(wire.Roots.map((root) => [root.ExternalTrustDomain, root.Active])).toEqual([
      [clusterId, false],
      [clusterId, false],
      [clusterId, true],
    ]);
  });

  it('puts the cross-signed certificates before the signing intermediate, which is the last', () => {
    expect(three!.IntermediateCerts).toEqual([
      third.crossSigned!.pem,
      second.crossSigned!.pem,
      signing.certificate.pem,
    ]);
    expect(three!.SigningKeyID).toBe(signing.certificate.subjectKeyId);
    expect(three!.SigningKeyID).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2})+$/);
  });

  it('gives a root before the active one its newest intermediate only, and null, not [], where there is none', () => {
    expect(two!.IntermediateCerts).toEqual([before.certificate.pem]);
    expect(two!.SigningKeyID).toBe(before.certificate.subjectKeyId);
    expect(one!.IntermediateCerts).toBeNull();
    expect(one!.SigningKeyID).toBe(r1.certificate.subjectKeyId);
  });

  it('shows the low 64 bits of the serial, exactly, and times of whole seconds in UTC', () => {
    expect(one!.SerialNumber).toBe(0x88ffeeddccbbaa99n);
    expect(one!.NotBefore).toBe('2031-02-03T04:05:06Z');
    expect(one!.NotAfter).toBe('2041-01-31T04:05:06Z');
  });

  it('marks a compromised root and names those that have left, and says no word of it otherwise', () => {
    const tainted = { ...second, taintedAt: epochMs(1) };
    const marked = toWireRoots({ ...view, roots: [first, tainted, third], taintedGone: ['aa:bb'], deniedKeys: [] });
    expect(marked.Roots.map(({ Tainted }) => Tainted)).toEqual([undefined, true, undefined]);
    expect(marked.TaintedRoots).toEqual(['aa:bb']);
    expect([wire, ...wire.Roots].flatMap((each) => Object.keys(each)).filter((key) => /taint/i.test(key))).toEqual([]);
  });

  it('moves the modify index of the active root when only its intermediate changed', () => {
    expect(wire.Roots.map((root) => root.ModifyIndex)).toEqual([21, 22, 99]);
    expect(wire.Roots.map((root) => root.CreateIndex)).toEqual([11, 12, 13]);
  });
});
