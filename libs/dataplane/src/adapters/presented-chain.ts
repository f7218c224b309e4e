import type { TLSSocket } from 'node:tls';

/** More than any chain of ours; what a peer presents beyond is not looked at. */
const MOST_PRESENTED = 16;

/**
 * The certificates that the peer sent in this handshake, its leaf first, in its order; empty without one. Of a resumed
 * session Node knows the leaf at most, which is why sessions are never resumed here.
 */
export const presentedChain = (socket: TLSSocket): readonly Uint8Array[] => {
  const presented: Uint8Array[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && presented.length < MOST_PRESENTED) {
    presented.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return presented;
};
