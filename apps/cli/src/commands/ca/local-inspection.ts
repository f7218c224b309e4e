import { type KeyObject, X509Certificate } from 'node:crypto';
import { BanyanError } from '@banyan/kernel';
import { lifeUsedOf } from '../../output/life-used.js';
import type { Inspection } from './inspection-view.js';

const BLOCK = /-----BEGIN CERTIFICATE-----[\sA-Za-z0-9+/=]+-----END CERTIFICATE-----/g;

/** The certificates in a text and nothing else of it: a key in the same file goes nowhere. Throws `PEM_INVALID` for none. */
export const certificateBlocks = (text: string): readonly string[] => {
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0) throw new BanyanError('PEM_INVALID', 'there is no certificate in PEM in it');
  return blocks;
};

const keyOf = (key: KeyObject): { readonly KeyType: string; readonly KeyBits: number } => {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  const curveBits = Number(/\d{3}/.exec(namedCurve === 'prime256v1' ? '256' : (namedCurve ?? ''))?.[0] ?? 0);
  return { KeyType: key.asymmetricKeyType ?? 'unknown', KeyBits: modulusLength ?? curveBits };
};

const colonHex = (hex: string): string => hex.toLowerCase().match(/../g)?.join(':') ?? '';

const parse = (pem: string): X509Certificate => {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new BanyanError('CERTIFICATE_INVALID', 'a certificate in it cannot be parsed', { cause });
  }
};

/** What can be said of certificates without asking anybody: everything but whether the mesh trusts them. */
export const inspectLocally = (blocks: readonly string[], now: number): Inspection => ({
  Certificates: blocks.map((pem) => {
    const certificate = parse(pem);
    const [NotBefore, NotAfter] = [certificate.validFrom, certificate.validTo].map((text) =>
      new Date(Date.parse(text)).toISOString(),
    ) as [string, string];
    return {
      Subject: certificate.subject?.replaceAll('\n', ', ') ?? '',
      Issuer: certificate.issuer.replaceAll('\n', ', '),
      URIs: (certificate.subjectAltName ?? '').split(', ').flatMap((name) => /^URI:(.*)$/.exec(name)?.[1] ?? []),
      SerialNumber: colonHex(certificate.serialNumber),
      ...keyOf(certificate.publicKey),
      NotBefore,
      NotAfter,
      LifeUsed: lifeUsedOf({ NotBefore, NotAfter }, now),
      Fingerprint: certificate.fingerprint256.toLowerCase(),
      IsCA: certificate.ca,
    };
  }),
});
