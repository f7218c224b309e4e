import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { epochMs, HOUR, SystemClock, SystemRandom } from '@banyan/kernel';
import {
  type Certificate,
  type CertificateSigner,
  createCsr,
  generateKeyPair,
  issue,
  type KeyPair,
  type KeySpec,
  LocalSigner,
  parseCsr,
  prepareCrossSigned,
  prepareIntermediate,
  prepareLeaf,
  prepareRoot,
} from '@banyan/pki';

const TD = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul';
const EC: KeySpec = { type: 'ec', bits: 256 };
const random = new SystemRandom();
const now = new SystemClock().now();
const YEAR = 365 * 24 * HOUR;

interface Authority {
  certificate: Certificate;
  signer: CertificateSigner;
}

const makeRoot = async (commonName: string, spec: KeySpec): Promise<Authority> => {
  const keyPair = await generateKeyPair(spec);
  const signer = new LocalSigner(keyPair.privateKey);
  const prepared = prepareRoot({
    publicKey: keyPair.publicKey,
    trustDomain: TD,
    commonName,
    lifetimeMs: YEAR,
    now,
    random,
  });
  return { certificate: await issue(prepared, signer), signer };
};

const makeIntermediate = async (commonName: string, spec: KeySpec, root: Authority): Promise<Authority> => {
  const keyPair = await generateKeyPair(spec);
  const prepared = prepareIntermediate({
    request: parseCsr(createCsr({ keyPair, uri: `spiffe://${TD}`, ca: true })),
    issuer: root.certificate,
    trustDomain: TD,
    commonName,
    lifetimeMs: 24 * HOUR,
    now,
    random,
  });
  return { certificate: await issue(prepared, root.signer), signer: new LocalSigner(keyPair.privateKey) };
};

const makeLeaf = async (keyPair: KeyPair, issuer: Authority): Promise<Certificate> => {
  const csr = createCsr({
    keyPair,
    uri: `spiffe://${TD}/ns/default/dc/dc1/svc/web`,
    dnsNames: ['web.example.com', '*.web.example.com'],
    ipAddresses: ['127.0.0.1', '2001:db8::1'],
  });
  const prepared = prepareLeaf({
    request: parseCsr(csr),
    issuer: issuer.certificate,
    lifetimeMs: 3 * HOUR,
    now,
    random,
  });
  return issue(prepared, issuer.signer);
};

const openssl = (...args: string[]): string => execFileSync('openssl', args, { encoding: 'utf8' });

describe.each([
  ['EC P-256', EC, EC],
  ['EC P-384 over P-521', { type: 'ec', bits: 521 } as const, { type: 'ec', bits: 384 } as const],
  ['RSA 2048', { type: 'rsa', bits: 2048 } as const, { type: 'rsa', bits: 2048 } as const],
  ['RSA root, EC intermediate', { type: 'rsa', bits: 2048 } as const, EC],
])('openssl accepts every kind: %s', (_name, rootSpec, signingSpec) => {
  let folder: string;
  let previous: Authority;
  let root: Authority;
  let intermediate: Authority;
  let crossed: Certificate;
  let leaf: Certificate;

  const file = (name: string, ...certificates: Certificate[]): string => {
    const path = join(folder, name);
    writeFileSync(path, certificates.map(({ pem }) => pem).join(''));
    return path;
  };
  const textOf = (certificate: Certificate): string =>
    openssl('x509', '-noout', '-text', '-in', file('one.pem', certificate));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'banyan-pki-'));
    previous = await makeRoot('pri-aaaaaaaa.consul.ca.6f1d0c52.consul', rootSpec);
    root = await makeRoot('pri-bbbbbbbb.consul.ca.6f1d0c52.consul', rootSpec);
    intermediate = await makeIntermediate('sec-cccccccc.consul.ca.6f1d0c52.consul', signingSpec, root);
    crossed = await issue(
      prepareCrossSigned({ subject: root.certificate, issuer: previous.certificate, now, random }),
      previous.signer,
    );
    leaf = await makeLeaf(await generateKeyPair(EC), intermediate);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('verifies leaf, intermediate and root', () => {
    const out = openssl(
      'verify',
      '-x509_strict',
      '-CAfile',
      file('root.pem', root.certificate),
      '-untrusted',
      file('intermediate.pem', intermediate.certificate),
      '-purpose',
      'sslserver',
      file('leaf.pem', leaf),
    );
    expect(out).toContain('leaf.pem: OK');
  });

  it('verifies the leaf under the previous root alone, through the cross-signed certificate', () => {
    const out = openssl(
      'verify',
      '-x509_strict',
      '-CAfile',
      file('previous.pem', previous.certificate),
      '-untrusted',
      file('untrusted.pem', intermediate.certificate, crossed),
      file('leaf.pem', leaf),
    );
    expect(out).toContain('leaf.pem: OK');
  });

  it('shows the profile of a leaf', () => {
    const text = textOf(leaf);
    expect(text).toContain('Version: 3 (0x2)');
    expect(text).toMatch(/Subject: *\n/);
    expect(text).toContain('Digital Signature, Key Encipherment, Data Encipherment, Key Agreement');
    expect(text).toContain('TLS Web Client Authentication, TLS Web Server Authentication');
    expect(text).toMatch(
      /Subject Alternative Name: critical\n\s+URI:spiffe:\/\/[^,]+svc\/web, DNS:web\.example\.com, DNS:\*\.web\.example\.com, IP Address:127\.0\.0\.1, IP Address:2001:DB8:0:0:0:0:0:1/,
    );
    expect(text).toMatch(/Basic Constraints: critical\n\s+CA:FALSE/);
    expect(text.toLowerCase()).toContain(`${leaf.subjectKeyId}`);
    expect(text.toLowerCase()).toContain(`${intermediate.certificate.subjectKeyId}`);
    expect(text).toContain(signingSpec.type === 'ec' ? 'ecdsa-with-SHA256' : 'sha256WithRSAEncryption');
  });

  it('shows the profile of the CAs', () => {
    expect(textOf(intermediate.certificate)).toMatch(/Basic Constraints: critical\n\s+CA:TRUE, pathlen:0/);
    for (const authority of [root.certificate, crossed]) {
      const text = textOf(authority);
      expect(text).toMatch(/Basic Constraints: critical\n\s+CA:TRUE\n/);
      expect(text).toMatch(/Key Usage: critical\n\s+Digital Signature, Certificate Sign, CRL Sign/);
      expect(text).toMatch(new RegExp(`Subject Alternative Name: *\\n\\s+URI:spiffe://${TD}\\n`));
      expect(text).toContain('Subject: CN = pri-bbbbbbbb.consul.ca.6f1d0c52.consul');
    }
    expect(crossed.subjectKeyId).toBe(root.certificate.subjectKeyId);
    expect(crossed.authorityKeyId).toBe(previous.certificate.subjectKeyId);
  });

  it('backdates every kind by a minute and ends nothing after its issuer', () => {
    for (const certificate of [previous.certificate, root.certificate, crossed, intermediate.certificate, leaf]) {
      expect(certificate.notBefore).toBe(epochMs(Math.floor((now - 60_000) / 1000) * 1000));
    }
    expect(leaf.notAfter - leaf.notBefore).toBe(3 * HOUR);
    expect(crossed.notAfter).toBe(Math.min(previous.certificate.notAfter, root.certificate.notAfter));
  });
});
