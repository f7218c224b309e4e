import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { type ServiceId, serviceSni } from '@banyan/identity';
import { BanyanError, type Timers } from '@banyan/kernel';
import { readExpectedPeer } from '../domain/peer-identity.js';
import { PROBE_PROTOCOL } from '../domain/probe.js';
import type { Endpoint } from '../domain/sidecar.js';
import { timeLimit } from './time-limit.js';
import type { TlsState } from './tls-material.js';

const KEEP_ALIVE_MS = 30_000;

/** Whom {@link connectToPeer} connects to, with what, and for how long it tries. */
export interface PeerConnectionOptions {
  readonly endpoint: Endpoint;
  /** Whom the peer must prove to be. */
  readonly expected: ServiceId;
  readonly state: TlsState;
  /** The handshake is all that is wanted: the other side ends the connection. */
  readonly isProbe: boolean;
  readonly timers: Timers;
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/**
 * A mutual-TLS connection to another sidecar. OpenSSL verifies its chain against the roots; in place of a DNS name its
 * only URI must be that of the expected service. Throws `PEER_NOT_ALLOWED` for another identity, `PEER_UNAUTHENTICATED`
 * for a chain that is not trusted, `TIMEOUT`, `SERVER_UNREACHABLE`.
 */
export const connectToPeer = (options: PeerConnectionOptions): Promise<TLSSocket> => {
  const { endpoint, timers } = options;
  const where = `${endpoint.address}:${endpoint.port}`;
  const limit = timeLimit(timers, options.limitMs, `connecting to ${where}`, options.signal);
  return new Promise<TLSSocket>((resolve, reject) => {
    const socket = connect(connectionTo(options, where));
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    const fail = (error: unknown): void => {
      socket.destroy();
      reject(toCoded(error, where));
    };
    const onAbort = (): void => fail(limit.signal.reason);
    limit.signal.addEventListener('abort', onAbort, { once: true });
    // Both stay on: after the promise is settled they only destroy, and an error is never without a listener.
    socket.on('error', fail);
    socket.once('close', () => fail(new Error('the connection was closed during the handshake')));
    socket.once('secureConnect', () => {
      limit.signal.removeEventListener('abort', onAbort);
      if (!socket.authorized) fail(socket.authorizationError);
      // No session is ever offered, so this is a defect; a resumed one shows no chain and was not verified now.
      else if (socket.isSessionReused()) fail(new BanyanError('PEER_UNAUTHENTICATED', `${where}: a resumed session`));
      else resolve(socket);
    });
    if (limit.signal.aborted) onAbort();
  }).finally(() => limit.end());
};

const connectionTo = (
  { endpoint, expected, state, isProbe }: PeerConnectionOptions,
  where: string,
): ConnectionOptions & { readonly allowHalfOpen: true } => ({
  host: endpoint.address,
  port: endpoint.port,
  servername: serviceSni(expected),
  secureContext: state.clientContext,
  rejectUnauthorized: true,
  checkServerIdentity: (_, certificate) => {
    const reading = readExpectedPeer(certificate.raw, expected);
    return reading.ok ? undefined : new BanyanError('PEER_NOT_ALLOWED', `${where}: ${reading.reason}`);
  },
  allowHalfOpen: true, // missing in the type, documented for net.Socket
  ...(isProbe && { ALPNProtocols: [PROBE_PROTOCOL] }),
});

const toCoded = (error: unknown, where: string): BanyanError => {
  if (error instanceof BanyanError) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  const code = 'code' in cause ? String(cause.code) : '';
  // Node reports OpenSSL's verdict on a chain by its X509_V_ERR name, such as SELF_SIGNED_CERT_IN_CHAIN.
  const isChain = /CERT|ISSUER|SIGNATURE|CRL|CHAIN|HOST/.test(code) && !code.startsWith('ERR_SSL');
  return new BanyanError(
    isChain ? 'PEER_UNAUTHENTICATED' : 'SERVER_UNREACHABLE',
    `${where}: ${cause.message}${code === '' ? '' : ` (${code})`}`,
    { cause },
  );
};
