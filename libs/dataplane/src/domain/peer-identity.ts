import { formatSpiffeId, parseSpiffeId, type ServiceId } from '@banyan/identity';
import { isBanyanError } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';

/** Who is at the other end of a connection, read from the certificate that OpenSSL verified. */
export interface ServicePeer {
  readonly uri: string;
  readonly id: ServiceId;
  /** Colon hex. */
  readonly serial: string;
}

/** Who a peer is, or why its certificate does not say so. */
export type PeerReading =
  | { readonly ok: true; readonly peer: ServicePeer }
  | { readonly ok: false; readonly reason: string };

const refuse = (reason: string): PeerReading => ({ ok: false, reason });

/**
 * Reads the identity from the DER of a peer's leaf: exactly one URI, a service of `trustDomain` (SPIFFE X509-SVID §5.2
 * asks for rejecting more than one). The chain is not looked at; TLS has verified it.
 */
export const readServicePeer = (der: Uint8Array | undefined, trustDomain: string): PeerReading => {
  if (der === undefined) return refuse('the peer presented no certificate');
  try {
    return identifyService(Certificate.fromDer(der), trustDomain);
  } catch (error) {
    if (isBanyanError(error)) return refuse(error.message);
    throw error;
  }
};

/** As {@link readServicePeer}, of a certificate that was read already. */
export const identifyService = (certificate: Certificate, trustDomain: string): PeerReading => {
  try {
    const [uri, ...others] = certificate.uris;
    if (uri === undefined || others.length > 0) {
      return refuse(`the certificate carries ${certificate.uris.length} URIs instead of one`);
    }
    const id = parseSpiffeId(uri);
    if (id.kind !== 'service') return refuse(`the certificate is that of a ${id.kind}, not of a service`);
    if (id.trustDomain !== trustDomain) return refuse('the certificate belongs to another trust domain');
    return { ok: true, peer: { uri, id, serial: certificate.serialHex } };
  } catch (error) {
    if (isBanyanError(error)) return refuse(error.message);
    throw error;
  }
};

/** As {@link readServicePeer}, and the peer must be exactly `expected`: whoever connects knows whom it wants. */
export const readExpectedPeer = (der: Uint8Array | undefined, expected: ServiceId): PeerReading => {
  const reading = readServicePeer(der, expected.trustDomain);
  if (!reading.ok) return reading;
  const expectedUri = formatSpiffeId(expected);
  return reading.peer.uri === expectedUri
    ? reading
    : refuse(`the peer is ${reading.peer.uri} instead of ${expectedUri}`);
};
