import { describe, expect, it } from '@jest/globals';
import { BanyanError, epochMs, type ErrorCode } from '@banyan/kernel';
import { Certificate, parseCertificates } from '@banyan/pki';
import { forgeChain, forgedKeyId } from '@banyan/testkit';

const TD = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul';
const { root, intermediate: signing } = forgeChain({ trustDomain: TD, now: epochMs(Date.UTC(2027, 0, 1)) });
const intermediate = signing.certificate;

const codeOf = (work: () => unknown): ErrorCode | undefined => {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(BanyanError);
    return (error as BanyanError).code;
  }
  return undefined;
};

describe('Certificate', () => {
  it('gives fingerprints and identifiers in colon hex, and reads its own PEM', () => {
    const again = Certificate.fromPem(root.certificate.pem);
    expect(again.equals(root.certificate)).toBe(true);
    expect(again.pem.endsWith('-----END CERTIFICATE-----\n')).toBe(true);
    expect(again.fingerprintSha1).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){19}$/);
    expect(again.fingerprintSha256).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){31}$/);
    expect(again.subjectKeyId).toBe(
      Buffer.from(forgedKeyId(root.publicKey))
        .toString('hex')
        .replace(/(..)(?=.)/g, '$1:'),
    );
    expect(again.serialNumber).toBe(BigInt(`0x${again.serialHex.replaceAll(':', '')}`));
    expect(parseCertificates(`# roots\n${again.pem}\n${intermediate.pem}`)).toHaveLength(2);
  });

  it('refuses, with a code, wherever it is truncated or followed by bytes', () => {
    const { der } = intermediate;
    for (let length = 0; length < der.length; length++) {
      expect(codeOf(() => Certificate.fromDer(der.subarray(0, length)))).toBe('CERTIFICATE_INVALID');
    }
    expect(codeOf(() => Certificate.fromDer(Buffer.concat([der, Buffer.of(0)])))).toBe('CERTIFICATE_INVALID');
  });

  it('never answers damage with anything but a code', () => {
    const { der } = intermediate;
    for (let at = 0; at < der.length; at++) {
      for (const value of [0x00, 0x80, 0xff, der[at]! ^ 1, der[at]! ^ 0x20]) {
        const bytes = new Uint8Array(der);
        bytes[at] = value;
        const code = codeOf(() => Certificate.fromDer(bytes));
        expect([undefined, 'CERTIFICATE_INVALID']).toContain(code);
      }
    }
  });

  it('bounds bundles and refuses other blocks', () => {
    const { pem } = root.certificate;
    expect(codeOf(() => parseCertificates(pem.repeat(65)))).toBe('INPUT_TOO_LARGE');
    expect(codeOf(() => parseCertificates(' '.repeat(1024 * 1024 + 1)))).toBe('INPUT_TOO_LARGE');
    expect(codeOf(() => Certificate.fromDer(new Uint8Array(70_000)))).toBe('INPUT_TOO_LARGE');
    for (const text of [
      '',
      'x',
      pem.replaceAll('CERTIFICATE', 'PRIVATE KEY'),
      pem.slice(0, -10),
      pem.replace('A', '*'),
    ]) {
      expect(codeOf(() => parseCertificates(text))).toBe('PEM_INVALID');
    }
  });
});
