import { parseSpiffeId, type SpiffeId } from '@banyan/identity';
import { BanyanError, type EpochMs } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';

/** What a peer's certificate says, read from its bytes. */
export interface VerifiedPeer {
  readonly id: SpiffeId;
  readonly notAfter: EpochMs;
}

/**
 * Reads the one SPIFFE URI of a certificate from its DER, never from the text Node makes of the names (SPIFFE X.509-SVID
 * section 2: exactly one URI SAN). Whether its chain is trusted is for the TLS layer. Throws `CHAIN_SAN_INVALID`,
 * `CERTIFICATE_INVALID`, `SPIFFE_ID_INVALID`.
 */
export const readPeerCertificate = (der: Uint8Array): VerifiedPeer => {
  const certificate = Certificate.fromDer(der);
  const [uri] = certificate.uris;
  if (uri === undefined || certificate.uris.length !== 1) {
    throw new BanyanError('CHAIN_SAN_INVALID', 'the certificate does not carry exactly one SPIFFE URI');
  }
  return { id: parseSpiffeId(uri), notAfter: certificate.notAfter };
};
