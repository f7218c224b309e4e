import type { EpochMs } from '@banyan/kernel';
import type { Certificate } from '@banyan/pki';
import type { Issuance, IssuanceReason, Requester } from '../domain/issuance.js';
import type { IssuanceRecorder } from '../ports/issuance-recorder.js';
import type { ProvedRoot } from './root-maker.js';

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

/** Records a root that was made, and the certificate with which the previous one vouches for it. */
export const recordRoot = async (
  recorder: IssuanceRecorder,
  root: Pick<ProvedRoot, 'certificate' | 'crossSigned'> & {
    readonly previous: Certificate | undefined;
    readonly reason: IssuanceReason;
    readonly now: EpochMs;
  },
): Promise<void> => {
  const { certificate, crossSigned, previous, reason, now } = root;
  const shared = { subject: certificate.fingerprintSha1, requester: { accessorId: '', node: '', reason }, now };
  await recorder.record(authorityIssuance({ ...shared, kind: 'root', certificate, issuer: certificate }));
  if (crossSigned === undefined || previous === undefined) return;
  await recorder.record(
    authorityIssuance({ ...shared, kind: 'cross-signed', certificate: crossSigned, issuer: previous }),
  );
};
