import { generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { BanyanError, type EpochMs, epochMs, type ErrorCode, HOUR, type Random, SystemRandom } from '@banyan/kernel';
import {
  type Certificate,
  CertificateSigner,
  createCsr,
  generateKeyPair,
  issue,
  type KeySpec,
  LocalSigner,
  type PreparedCertificate,
  parseCsr,
  prepareCrossSigned,
  prepareIntermediate,
  prepareLeaf,
  prepareRoot,
  verifyChain,
} from '@banyan/pki';
import { forgeChain, forgeCsr, forgedKeyId, forgedTbs } from '@banyan/testkit';

const TD = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul';
const FOREIGN = '00000000-0000-4000-8000-000000000000.consul';
const WEB = `spiffe://${TD}/ns/default/dc/dc1/svc/web`;
const YEAR = 365 * 24 * HOUR;
const EC: KeySpec = { type: 'ec', bits: 256 };
const now = epochMs(Date.UTC(2027, 0, 1, 12, 30, 15, 678));
const random: Random = new SystemRandom();

const codeOf = async (work: () => unknown): Promise<ErrorCode | undefined> => {
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(BanyanError);
    return (error as BanyanError).code;
  }
  return undefined;
};

const makeRoot = async (commonName: string, spec: KeySpec = EC, lifetimeMs = YEAR) => {
  const keyPair = await generateKeyPair(spec);
  const signer = new LocalSigner(keyPair.privateKey);
  const prepared = prepareRoot({ publicKey: keyPair.publicKey, trustDomain: TD, commonName, lifetimeMs, now, random });
  return { certificate: await issue(prepared, signer), signer, ...keyPair };
};

const root = await makeRoot('root-1.test');
const signing = await generateKeyPair(EC);
const intermediateOf = (changes: Partial<Parameters<typeof prepareIntermediate>[0]> = {}) =>
  prepareIntermediate({
    request: parseCsr(createCsr({ keyPair: signing, uri: `spiffe://${TD}`, ca: true })),
    issuer: root.certificate,
    trustDomain: TD,
    commonName: 'signing-1.test',
    lifetimeMs: 24 * HOUR,
    now,
    random,
    ...changes,
  });
const intermediate = await issue(intermediateOf(), root.signer);
const signer = new LocalSigner(signing.privateKey);
const workload = await generateKeyPair(EC);
const request = parseCsr(createCsr({ keyPair: workload, uri: WEB, dnsNames: ['web.test'] }));
const leafOf = (changes: Partial<Parameters<typeof prepareLeaf>[0]> = {}) =>
  prepareLeaf({ request, issuer: intermediate, lifetimeMs: 3 * HOUR, now, random, ...changes });

const requestWith = (names: { uris?: string[]; dnsNames?: string[] }) =>
  parseCsr(forgeCsr({ publicKey: workload.publicKey, signWith: workload.privateKey, ...names }));

const said = (certificate: Certificate) => ({
  serialHex: certificate.serialHex.replaceAll(':', ''),
  notBefore: certificate.notBefore,
  notAfter: certificate.notAfter,
  uris: certificate.uris,
});
const tbsOf = (certificate: Certificate, length: number): string =>
  Buffer.from(certificate.der.subarray(4, 4 + length)).toString('hex');

describe('the bytes are those of node-forge’s encoder', () => {
  it.each<[string, KeySpec, KeySpec]>([
    ['EC', EC, EC],
    ['P-521 and P-384', { type: 'ec', bits: 521 }, { type: 'ec', bits: 384 }],
    ['RSA', { type: 'rsa', bits: 2048 }, EC],
  ])('for a leaf: %s', async (_name, issuerSpec, leafSpec) => {
    const issuer = await makeRoot('issuer.test', issuerSpec);
    const keyPair = await generateKeyPair(leafSpec);
    const csr = parseCsr(createCsr({ keyPair, uri: WEB, dnsNames: ['web.test'] }));
    const leaf = await issue(leafOf({ request: csr, issuer: issuer.certificate }), issuer.signer);
    const expected = forgedTbs({
      ...said(leaf),
      publicKey: keyPair.publicKey,
      signWith: issuer.privateKey,
      subject: '',
      issuer: 'issuer.test',
      dnsNames: ['web.test'],
      authorityKeyId: forgedKeyId(issuer.publicKey),
    });
    expect(tbsOf(leaf, expected.length)).toBe(Buffer.from(expected).toString('hex'));
  });

  it('for a root beyond 2049 and an intermediate', async () => {
    const late = await makeRoot('late.test', EC, 40 * YEAR);
    const expectedRoot = forgedTbs({
      ...said(late.certificate),
      publicKey: late.publicKey,
      signWith: late.privateKey,
      subject: 'late.test',
      issuer: 'late.test',
      ca: true,
      authorityKeyId: forgedKeyId(late.publicKey),
    });
    expect(new Date(late.certificate.notAfter).getUTCFullYear()).toBe(2066);
    expect(tbsOf(late.certificate, expectedRoot.length)).toBe(Buffer.from(expectedRoot).toString('hex'));
    const expected = forgedTbs({
      ...said(intermediate),
      publicKey: signing.publicKey,
      signWith: root.privateKey,
      subject: 'signing-1.test',
      issuer: 'root-1.test',
      ca: true,
      pathLength: 0,
      authorityKeyId: forgedKeyId(root.publicKey),
    });
    expect(tbsOf(intermediate, expected.length)).toBe(Buffer.from(expected).toString('hex'));
  });
});

describe('validity and serial numbers', () => {
  it('begins a minute ago, in whole seconds, and lives as long as asked', async () => {
    const leaf = await issue(leafOf(), signer);
    expect(leaf.notBefore).toBe(Date.UTC(2027, 0, 1, 12, 29, 15));
    expect(leaf.notAfter - leaf.notBefore).toBe(3 * HOUR);
  });

  it('never ends after its issuer', async () => {
    const leaf = await issue(leafOf({ lifetimeMs: 10 * YEAR }), signer);
    expect(leaf.notAfter).toBe(intermediate.notAfter);
    expect((await issue(intermediateOf({ lifetimeMs: 10 * YEAR }), root.signer)).notAfter).toBe(
      root.certificate.notAfter,
    );
  });

  it('is 16 bytes, positive, and another one each time', () => {
    const serials = Array.from({ length: 200 }, () => leafOf().serialHex);
    expect(new Set(serials).size).toBe(200);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f](:[0-9a-f]{2}){15}$/);
  });

  it('refuses an expired issuer with CA_EXPIRED, and a life of a minute', async () => {
    const late: EpochMs = epochMs(intermediate.notAfter);
    expect(await codeOf(() => leafOf({ now: late }))).toBe('CA_EXPIRED');
    for (const lifetimeMs of [0, -1, 60_000, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(await codeOf(() => leafOf({ lifetimeMs }))).toBe('CERTIFICATE_PROFILE_VIOLATED');
    }
  });
});

const codeFor = (names: { uris?: string[]; dnsNames?: string[] }) =>
  codeOf(() => leafOf({ request: requestWith(names) }));

const csr = (options: { uri: string; ca?: boolean; dnsNames?: string[] }) =>
  parseCsr(createCsr({ keyPair: signing, ...options }));

describe('what is refused before anything is signed', () => {
  it('a leaf’s names', async () => {
    expect(await codeFor({ uris: [WEB, `${WEB}2`] })).toBe('CSR_SAN_INVALID');
    expect(await codeFor({ dnsNames: ['web'] })).toBe('CSR_SAN_INVALID');
    expect(await codeFor({ uris: [WEB], dnsNames: ['a..*.b/'] })).toBe('CSR_SAN_INVALID');
    expect(await codeFor({ uris: [WEB.replace(TD, FOREIGN)] })).toBe('CSR_TRUST_DOMAIN_FOREIGN');
    expect(await codeFor({ uris: [`spiffe://${TD}`] })).toBe('CSR_TRUST_DOMAIN_FOREIGN');
    expect(await codeFor({ uris: [WEB], dnsNames: ['*.web.test'] })).toBeUndefined();
  });

  it('a CA request as a leaf, and a leaf as an issuer', async () => {
    const ca = parseCsr(createCsr({ keyPair: workload, uri: WEB, ca: true }));
    expect(await codeOf(() => leafOf({ request: ca }))).toBe('CSR_INVALID');
    const leaf = await issue(leafOf(), signer);
    expect(await codeOf(() => leafOf({ issuer: leaf }))).toBe('CHAIN_ISSUER_NOT_CA');
    expect(await codeOf(() => intermediateOf({ issuer: leaf }))).toBe('CHAIN_ISSUER_NOT_CA');
  });

  it('an intermediate that is not asked for, foreign, below path length 0 or named like its issuer', async () => {
    const uri = `spiffe://${TD}`;
    expect(await codeOf(() => intermediateOf({ request: csr({ uri }) }))).toBe('CSR_INVALID');
    expect(await codeOf(() => intermediateOf({ request: csr({ uri: WEB, ca: true }) }))).toBe(
      'CSR_TRUST_DOMAIN_FOREIGN',
    );
    expect(await codeOf(() => intermediateOf({ trustDomain: FOREIGN }))).toBe('CSR_TRUST_DOMAIN_FOREIGN');
    expect(await codeOf(() => intermediateOf({ request: csr({ uri, ca: true, dnsNames: ['x'] }) }))).toBe(
      'CSR_SAN_INVALID',
    );
    expect(await codeOf(() => intermediateOf({ issuer: intermediate }))).toBe('CHAIN_PATH_LENGTH_EXCEEDED');
    expect(await codeOf(() => intermediateOf({ commonName: 'root-1.test' }))).toBe('CERTIFICATE_PROFILE_VIOLATED');
    expect(await codeOf(() => intermediateOf({ commonName: 'Not DNS' }))).toBe('CERTIFICATE_PROFILE_VIOLATED');
  });

  it('a cross-signed root of the same name, of another mesh, or of an intermediate', async () => {
    const same = await makeRoot('root-1.test');
    const issuer = root.certificate;
    const foreign = forgeChain({ trustDomain: FOREIGN, now }).root.certificate;
    const codeFor = (subject: Certificate) => codeOf(() => prepareCrossSigned({ subject, issuer, now, random }));
    expect(await codeFor(same.certificate)).toBe('CERTIFICATE_PROFILE_VIOLATED');
    expect(await codeFor(foreign)).toBe('CHAIN_TRUST_DOMAIN_FOREIGN');
    expect(await codeFor(intermediate)).toBe('CHAIN_PATH_LENGTH_EXCEEDED');
  });
});

class BadSigner extends CertificateSigner {
  constructor(
    override readonly spec: KeySpec,
    private readonly answer: (tbs: Uint8Array) => Uint8Array,
  ) {
    super();
  }
  override async sign(tbs: Uint8Array): Promise<Uint8Array> {
    return this.answer(tbs);
  }
}

describe('issue', () => {
  it('consumes what was prepared, also when signing fails', async () => {
    const prepared = leafOf();
    await issue(prepared, signer);
    expect(await codeOf(() => issue(prepared, signer))).toBe('PREPARED_ALREADY_USED');
    const failing = leafOf();
    const broken = new BadSigner(EC, () => new Uint8Array(0));
    expect(await codeOf(() => issue(failing, broken))).toBe('CERTIFICATE_PROFILE_VIOLATED');
    expect(await codeOf(() => issue(failing, signer))).toBe('PREPARED_ALREADY_USED');
  });

  it('does not take an object that only looks prepared', async () => {
    expect(await codeOf(() => issue(Object.create(leafOf()) as PreparedCertificate, signer))).toBe(
      'PREPARED_ALREADY_USED',
    );
  });

  it('hands out nothing that the issuer’s key did not sign', async () => {
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    for (const answer of [
      (tbs: Uint8Array) => sign('sha256', tbs, stranger),
      (tbs: Uint8Array) => sign('sha384', tbs, signing.privateKey),
      (tbs: Uint8Array) => sign('sha256', tbs.subarray(1), signing.privateKey),
      () => new Uint8Array(72),
    ]) {
      expect(await codeOf(() => issue(leafOf(), new BadSigner(EC, answer)))).toBe('CERTIFICATE_PROFILE_VIOLATED');
    }
  });

  it('refuses a signer of another kind of key before it signs', async () => {
    let asked = false;
    const other = new BadSigner({ type: 'rsa', bits: 2048 }, (tbs) => {
      asked = true;
      return tbs;
    });
    expect(await codeOf(() => issue(leafOf(), other))).toBe('KEY_MISMATCH');
    expect(asked).toBe(false);
  });

  it('makes chains that verifyChain accepts, also through the cross-signed root', async () => {
    const next = await makeRoot('root-2.test');
    const crossed = await issue(
      prepareCrossSigned({ subject: next.certificate, issuer: root.certificate, now, random }),
      root.signer,
    );
    const below = await issue(intermediateOf({ issuer: next.certificate, commonName: 'signing-2.test' }), next.signer);
    const leaf = await issue(leafOf({ issuer: below }), signer);
    const verdict = (anchors: Certificate[]) =>
      verifyChain({ presented: [leaf, below, crossed], anchors, now, trustDomain: TD, usage: 'tls-server' });
    expect(verdict([root.certificate])).toMatchObject({ ok: true, path: { length: 4 } });
    expect(verdict([next.certificate])).toMatchObject({ ok: true, path: { length: 3 } });
    expect(verdict([intermediate])).toMatchObject({ ok: false, code: 'CHAIN_ISSUER_UNKNOWN' });
    expect([root.certificate.selfSigned, crossed.selfSigned, leaf.selfSigned]).toEqual([true, false, false]);
  });
});
