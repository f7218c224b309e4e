import type { EpochMs } from '@banyan/kernel';
import type { Certificate } from '@banyan/pki';
import type { Issuance, Requester } from '../domain/issuance.js';

/**
 * The ledger's entry of a CA certificate. It is made from the product, since a provider may choose the serial itself;
 * recorded before the certificate is stored or answered.
 */
export const authorityIssuance = (o: {
  readonly kind: 'root' | 'cross-signed' | 'intermediate';
  readonly certificate: Certificate;
  readonly issuer: Certificate;
  /** A root's ID, or the datacenter of an intermediate. */
  readonly subject: string;
  readonly requester: Requester;
  readonly now: EpochMs;
}): Issuance => ({
  kind: o.kind,
  serialHex: o.certificate.serialHex,
  uri: o.certificate.uris[0] ?? '',
  subject: o.subject,
  issuerKeyId: o.issuer.subjectKeyId ?? '',
  rootId: o.issuer.fingerprintSha1,
  requester: o.requester,
  notBefore: o.certificate.notBefore,
  notAfter: o.certificate.notAfter,
  issuedAt: o.now,
});
