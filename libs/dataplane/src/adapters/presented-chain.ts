import type { Server, TLSSocket } from 'node:tls';

/** More than any chain of ours; what a peer presents beyond is not looked at. */
const MOST_PRESENTED = 16;

/**
 * The certificates that the peer sent in this handshake, its leaf first, in its order; empty without one. Of a resumed
 * session Node knows the leaf at most, which is why sessions are never resumed here. A server asks
 * {@link InboundChains} instead.
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

/**
 * What the clients of a server presented. Whoever asks Node for a client's certificate first takes the rest of the
 * chain away, and from 24.21 and 26.8 on that is Node itself, before `secureConnection` (nodejs/node#65579): with the
 * leaf alone no root would be found above any client. So the chain is read at `secure`, ahead of Node's own listener,
 * and `keylog` is the one public event that names the socket of a handshake before; its secrets are dropped unread.
 */
export class InboundChains {
  readonly #chains = new WeakMap<TLSSocket, readonly Uint8Array[]>();

  constructor(server: Server) {
    server.on('keylog', (_secrets, socket) => {
      if (this.#chains.has(socket)) return;
      this.#chains.set(socket, []);
      socket.prependOnceListener('secure', () => this.#chains.set(socket, presentedChain(socket)));
    });
  }

  /** As {@link presentedChain}, of a socket that `secureConnection` gave; never asks Node again. */
  of(socket: TLSSocket): readonly Uint8Array[] {
    return this.#chains.get(socket) ?? [];
  }
}
