import { connect, type Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { type Logger, messageOf, type Timers } from '@banyan/kernel';
import { Admission, type CuttableConnection } from '../domain/admission.js';
import { readServicePeer, type ServicePeer } from '../domain/peer-identity.js';
import type { ProxyCounters } from '../domain/proxy-counters.js';
import type { MeshSource } from '../ports/mesh-source.js';
import { boundPort, drain, listenOn } from './listening.js';
import { splice } from './splice.js';
import { timeLimit } from './time-limit.js';
import type { TlsState } from './tls-material.js';

/** A peer that has not finished its handshake by then is dropped. */
const HANDSHAKE_LIMIT_MS = 5_000;
const LOCAL_CONNECT_LIMIT_MS = 5_000;
const KEEP_ALIVE_MS = 30_000;

/** Where the workload listens; read for each connection, so that a change needs no restart. */
export interface LocalService {
  readonly address: string;
  readonly port: number;
}

export interface InboundOptions {
  /** The name of the service that is protected. */
  readonly target: string;
  readonly local: () => LocalService;
  readonly source: Pick<MeshSource, 'authorize'>;
  readonly counters: ProxyCounters;
  readonly timers: Timers;
  readonly logger: Logger;
}

/**
 * Takes connections of other sidecars: mutual TLS, one service identity of the own trust domain, an authorization by
 * the agent; only then a byte reaches the workload. Material is swapped without touching live connections.
 */
export class InboundListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #admission: Admission;
  #trustDomain: string;

  constructor(
    private readonly options: InboundOptions,
    state: TlsState,
  ) {
    this.#admission = new Admission(options.target, options.source);
    this.#trustDomain = state.trustDomain;
    this.#server = createServer(
      {
        ...state.serverOptions,
        requestCert: true,
        rejectUnauthorized: true,
        handshakeTimeout: HANDSHAKE_LIMIT_MS,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      },
      (socket) => {
        // Only from here on: before the handshake, a peer that ends (a health check) would be kept until its time is up.
        socket.allowHalfOpen = true;
        this.#accept(socket);
      },
    );
    this.#server.on('tlsClientError', (error, socket) => this.#handshakeFailed(error, socket));
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Throws `PORT_IN_USE`, `CONFIG_INVALID`. */
  async listen(address: string, port: number): Promise<void> {
    await listenOn(this.#server, address, port);
    this.#server.on('error', (error) =>
      this.options.logger.error('inbound listener failed', { reason: error.message }),
    );
  }

  /** The port it listens on; chosen by the system when 0 was asked for. */
  get port(): number {
    return boundPort(this.#server);
  }

  /** New handshakes use `state`; live connections stay as they are. */
  swap(state: TlsState): void {
    this.#server.setSecureContext(state.serverOptions);
    this.#trustDomain = state.trustDomain;
  }

  /** See {@link Admission.recheck}. */
  recheck(): Promise<boolean> {
    return this.#admission.recheck();
  }

  async stop(drainMs: number): Promise<void> {
    await drain(this.#server, this.#sockets, { timers: this.options.timers, drainMs });
  }

  #accept(socket: TLSSocket): void {
    const { counters } = this.options;
    counters.inboundHandshakes += 1;
    counters.activeInbound += 1;
    socket.on('error', (error) => this.options.logger.debug('inbound connection failed', { reason: error.message }));
    socket.once('close', () => {
      counters.activeInbound -= 1;
    });
    const reading = readServicePeer(socket.getPeerX509Certificate()?.raw, this.#trustDomain);
    if (reading.ok) void this.#admit(socket, reading.peer);
    else this.#deny(socket, { source: 'unknown', reason: reading.reason, wasLive: false });
  }

  async #admit(socket: TLSSocket, peer: ServicePeer): Promise<void> {
    let isLive = false;
    const connection: CuttableConnection = {
      cut: (reason) => this.#deny(socket, { source: peer.uri, reason, wasLive: isLive }),
    };
    socket.once('close', () => this.#admission.forget(peer, connection));
    const { authorized, reason } = await this.#admission.admit(peer, connection);
    if (socket.destroyed) {
      // Cut or gone meanwhile; `forget` may have run before the connection was tracked.
      this.#admission.forget(peer, connection);
      return;
    }
    if (!authorized) {
      connection.cut(reason);
      return;
    }
    isLive = true;
    this.options.logger.debug('connection allowed', { source: peer.uri, destination: this.options.target, reason });
    this.#joinWorkload(socket, peer);
  }

  #joinWorkload(socket: TLSSocket, peer: ServicePeer): void {
    const { address, port } = this.options.local();
    const limit = timeLimit(this.options.timers, LOCAL_CONNECT_LIMIT_MS, `connecting to ${address}:${port}`);
    const local = connect({ host: address, port, allowHalfOpen: true, noDelay: true });
    const fail = (error: unknown): void => {
      limit.end();
      local.destroy();
      socket.destroy();
      const fields = { source: peer.uri, local: `${address}:${port}`, reason: messageOf(error) };
      this.options.logger.warn('workload unreachable', fields);
    };
    limit.signal.addEventListener('abort', () => fail(limit.signal.reason), { once: true });
    local.once('error', fail);
    socket.once('close', () => local.connecting && local.destroy());
    local.once('close', () => limit.end());
    local.once('connect', () => {
      limit.end();
      local.off('error', fail);
      splice(socket, local);
    });
  }

  #deny(socket: TLSSocket, denial: { source: string; reason: string; wasLive: boolean }): void {
    if (socket.destroyed) return;
    this.options.counters.denied += 1;
    this.options.logger.warn('connection denied', { ...denial, destination: this.options.target });
    socket.destroy();
  }

  #handshakeFailed(error: Error, socket: TLSSocket): void {
    this.options.counters.inboundHandshakeFailures += 1;
    const code = 'code' in error ? String(error.code) : undefined;
    const fields = { reason: error.message, code, peer: socket.remoteAddress };
    // A health check connects and closes without a handshake, every few seconds.
    const silent = code === 'ECONNRESET' || socket.bytesRead === 0;
    if (silent) this.options.logger.debug('inbound connection closed before a handshake', fields);
    else this.options.logger.warn('inbound handshake failed', fields);
    socket.destroy();
  }
}
