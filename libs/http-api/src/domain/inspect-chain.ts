import { X509Certificate } from 'node:crypto';
import { type EpochMs, isBanyanError } from '@banyan/kernel';
import { type Certificate, type ChainVerdict, parseCertificates, verifyChain } from '@banyan/pki';
import { lifeUsed } from './life-used.js';

/** What certificates are judged by: the present bundle. */
export interface Bundle {
  readonly anchors: readonly Certificate[];
  readonly trustDomain: string | undefined;
  /** SHA-256 fingerprints of keys in wrong hands. */
  readonly deniedKeys: ReadonlySet<string>;
}

/**
 * `POST /v1/connect/ca/inspect`: what stands in certificates, and whether the first is trusted here now with the others
 * beside it. Throws `PEM_INVALID`, `CERTIFICATE_INVALID`, `INPUT_TOO_LARGE`.
 */
export const inspectChain = (pem: string, bundle: Bundle, now: EpochMs): object => {
  const presented = parseCertificates(pem);
  const verdict = judge(presented, bundle, now);
  return {
    Certificates: presented.map((certificate) => wireCertificate(certificate, now)),
    Trusted: verdict.ok,
    Reason: verdict.ok ? '' : verdict.code,
    Detail: verdict.ok ? '' : verdict.reason,
    // From the certificate in question to the root, by fingerprint.
    Path: verdict.ok ? verdict.path.map(({ fingerprintSha256 }) => fingerprintSha256) : [],
  };
};

/** A root of the bundle is trusted for being there, like any other it must not have ended; a leaf may be of a client or a server. */
const judge = (presented: readonly Certificate[], { anchors, ...bundle }: Bundle, now: EpochMs): ChainVerdict => {
  const [first] = presented;
  const isAnchor = first !== undefined && anchors.some((anchor) => anchor.equals(first));
  if (isAnchor && now >= first.notBefore && now <= first.notAfter) return { ok: true, path: [first] };
  const isClient = first !== undefined && first.extendedKeyUsage.has('clientAuth');
  return verifyChain({
    presented,
    anchors,
    now,
    usage: first?.isCa === true ? 'authority' : isClient ? 'tls-client' : 'tls-server',
    deniedKeys: bundle.deniedKeys,
    ...(bundle.trustDomain !== undefined && { trustDomain: bundle.trustDomain }),
  });
};

const wireCertificate = (certificate: Certificate, now: EpochMs): object => {
  const shown = new X509Certificate(certificate.der);
  return {
    Subject: oneLine(shown.subject),
    Issuer: oneLine(shown.issuer),
    SelfSigned: certificate.selfSigned,
    URIs: certificate.uris,
    DNSNames: certificate.dnsNames,
    IPAddresses: certificate.ipAddresses,
    SerialNumber: certificate.serialHex,
    ...keyOf(certificate, shown),
    SignatureAlgorithm: certificate.signatureAlgorithm,
    NotBefore: new Date(certificate.notBefore).toISOString(),
    NotAfter: new Date(certificate.notAfter).toISOString(),
    LifeUsed: lifeUsed(certificate, now),
    Fingerprint: certificate.fingerprintSha256,
    FingerprintSHA1: certificate.fingerprintSha1,
    KeyFingerprint: certificate.keyFingerprint,
    SubjectKeyID: certificate.subjectKeyId ?? null,
    AuthorityKeyID: certificate.authorityKeyId ?? null,
    IsCA: certificate.isCa,
    PathLength: certificate.pathLength ?? null,
    KeyUsage: [...certificate.keyUsage],
    ExtendedKeyUsage: [...certificate.extendedKeyUsage],
  };
};

/** Names are written one part a line. */
const oneLine = (name: string | undefined): string => (name ?? '').split('\n').join(', ');

/** A key that this mesh would refuse is shown, too: that is what somebody wants to see. */
const keyOf = (certificate: Certificate, shown: X509Certificate): { KeyType: string; KeyBits: number } => {
  try {
    const { type, bits } = certificate.keySpec;
    return { KeyType: type, KeyBits: bits };
  } catch (error) {
    if (!isBanyanError(error, 'KEY_TOO_WEAK', 'KEY_UNSUPPORTED', 'DER_INVALID')) throw error;
    const { asymmetricKeyType = 'unknown', asymmetricKeyDetails } = shown.publicKey;
    return { KeyType: asymmetricKeyType, KeyBits: asymmetricKeyDetails?.modulusLength ?? 0 };
  }
};
