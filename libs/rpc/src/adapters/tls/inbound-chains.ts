import { BanyanError, isBanyanError } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import type { Server, TLSSocket } from 'node:tls';

/** More than any chain of ours; what a peer presents beyond is not looked at. */
const MOST_PRESENTED = 16;

/** The certificates of one handshake that could be read, the leaf first. */
export interface InboundChain {
  readonly certificates: readonly Certificate[];
}

const CHAIN = Symbol('what the client presented');
/** A call as grpc-js makes it, as far as it leads to the connection. */
interface GrpcCall {
  readonly stream?: { readonly session?: { readonly socket?: WatchedSocket; close(): void } };
}
type WatchedSocket = TLSSocket & { [CHAIN]?: InboundChain };

/**
 * What the clients of an edge presented in their handshakes. grpc-js shows the leaf alone, and Node may have taken the rest
 * of a chain away before `secureConnection` (nodejs/node#65579): so it is read at `secure`, ahead of Node's own listener;
 * `keylog` is the one public event that names the socket of a handshake before, and its secrets are dropped unread.
 */
export class InboundChains {
  /**
   * Reads the chains that come to a gRPC server which is bound: its TLS servers are its own, and shown to nobody. Throws
   * `INTERNAL` when it keeps them otherwise than we know: chains that are not seen cannot be judged.
   */
  watchServersOf(grpcServer: unknown): void {
    const { http2Servers } = grpcServer as { readonly http2Servers?: ReadonlyMap<Server, unknown> };
    if (!(http2Servers instanceof Map) || http2Servers.size === 0) {
      throw new BanyanError('INTERNAL', 'grpc-js keeps its TLS servers in another way than was expected');
    }
    for (const server of http2Servers.keys()) this.#watch(server as Server);
  }

  /**
   * What the client of a call presented; undefined where the handshake came before it was watched: the connection takes no
   * further calls then, so that the client opens another.
   */
  of(call: object): InboundChain | undefined {
    const { session } = (call as GrpcCall).stream ?? {};
    // HTTP/2 shows a stand-in for the socket, which hands out its properties: what is found by identity is not found here.
    const chain = session?.socket?.[CHAIN];
    if (chain === undefined) session?.close();
    return chain;
  }

  #watch(server: Server): void {
    // grpc-js ends the sessions that it has when it stops; a handshake that ends later would be served for ever.
    server.prependListener('secureConnection', (socket) => {
      if (!server.listening) socket.destroy();
    });
    server.on('keylog', (_secrets, socket) => {
      const watched: WatchedSocket = socket;
      if (watched[CHAIN] !== undefined) return;
      watched[CHAIN] = { certificates: [] };
      socket.prependOnceListener('secure', () => {
        watched[CHAIN] = { certificates: presentedBy(socket).flatMap(readable) };
      });
    });
  }
}

const presentedBy = (socket: TLSSocket): readonly Uint8Array[] => {
  const presented: Uint8Array[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && presented.length < MOST_PRESENTED) {
    presented.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return presented;
};

/** What a peer presents, by Node's own reading: each certificate with its issuer, the root with itself. */
export interface LinkedCertificate {
  readonly raw: Uint8Array;
  readonly issuerCertificate?: LinkedCertificate;
}

/** The chain of a server as a client's check of its identity is given it, the leaf first. */
export const linkedChain = (leaf: LinkedCertificate): readonly Certificate[] => {
  const chain: LinkedCertificate[] = [];
  let certificate: LinkedCertificate | undefined = leaf;
  while (certificate !== undefined && !chain.includes(certificate) && chain.length < MOST_PRESENTED) {
    chain.push(certificate);
    certificate = certificate.issuerCertificate;
  }
  return chain.flatMap(({ raw }) => readable(raw));
};

/** What cannot be read above the leaf proves nothing. */
const readable = (der: Uint8Array): readonly Certificate[] => {
  try {
    return [Certificate.fromDer(der)];
  } catch (error) {
    if (isBanyanError(error)) return [];
    throw error;
  }
};
