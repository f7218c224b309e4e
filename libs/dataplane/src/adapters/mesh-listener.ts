import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { type Clock, isBanyanError, type Logger, type Timer, type Timers, type ErrorCode } from '@banyan/kernel';
import { Admission, type CuttableConnection } from '../domain/admission.js';
import { identifyService, type ServicePeer } from '../domain/peer-identity.js';
import type { Judgement } from '../domain/peer-judge.js';
import { avoidsDenied } from '../domain/standing.js';
import { chooseProtocol, PROBE_ANSWER, PROBE_PROTOCOL } from '../domain/probe.js';
import type { ProxyCounters } from '../domain/proxy-counters.js';
import type { MeshSource } from '../ports/mesh-source.js';
import { boundPort, drain, listenOn } from './listening.js';
import type { MaterialInUse } from './mesh-material.js';
import { InboundChains } from './presented-chain.js';

/** A peer that has not finished its handshake by then is dropped. */
const HANDSHAKE_LIMIT_MS = 5_000;
const KEEP_ALIVE_MS = 30_000;
/** A probe is answered by the end of the connection; who does not end its side by then is cut. */
const PROBE_LIMIT_MS = 2_000;

/** What {@link MeshListener} needs. */
export interface MeshListenerOptions {
  /** The name of the service that is protected. */
  readonly target: string;
  readonly source: Pick<MeshSource, 'authorize'>;
  readonly counters: ProxyCounters;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Takes a connection that is allowed. The socket has `allowHalfOpen`, and a listener for its errors. */
  readonly serve: (socket: TLSSocket, peer: ServicePeer) => void;
}

/**
 * Takes connections of other workloads: mutual TLS, one service identity of the own trust domain, a root of the present
 * bundle above it, an authorization by the agent; only then the connection is served. Material is swapped without
 * touching live connections; those under a compromised root that leaves the bundle are cut by the judge of the material.
 */
export class MeshListener {
  readonly #server: Server;
  readonly #chains: InboundChains;
  readonly #sockets = new Set<Socket>();
  readonly #admission: Admission;
  #inUse: MaterialInUse;
  /** Set while handshakes may still end that began under the bundle before. */
  #settling: Timer | undefined;

  constructor(
    private readonly options: MeshListenerOptions,
    inUse: MaterialInUse,
  ) {
    this.#admission = new Admission(options.target, options.source);
    this.#inUse = inUse;
    this.#server = createServer(
      {
        ...inUse.tls.serverOptions,
        requestCert: true,
        rejectUnauthorized: true,
        handshakeTimeout: HANDSHAKE_LIMIT_MS,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
        ALPNCallback: ({ protocols }) => chooseProtocol(protocols),
      },
      (socket) => {
        // Only from here on: before the handshake, a peer that ends (a health check) would be kept until its time is up.
        socket.allowHalfOpen = true;
        this.#accept(socket);
      },
    );
    this.#chains = new InboundChains(this.#server);
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

  /** New handshakes use `inUse`; live connections stay as they are. */
  swap(inUse: MaterialInUse): void {
    this.#server.setSecureContext(inUse.tls.serverOptions);
    if (inUse.tls.trust !== this.#inUse.tls.trust) {
      this.#settling?.clear();
      this.#settling = this.options.timers.set(HANDSHAKE_LIMIT_MS * 2, () => {
        this.#settling = undefined;
      });
    }
    this.#inUse = inUse;
  }

  /** See {@link Admission.recheck}. */
  recheck(): Promise<boolean> {
    return this.#admission.recheck();
  }

  async stop(drainMs: number): Promise<void> {
    this.#settling?.clear();
    await drain(this.#server, this.#sockets, { timers: this.options.timers, drainMs });
  }

  #accept(socket: TLSSocket): void {
    const { counters, clock } = this.options;
    counters.inboundHandshakes += 1;
    counters.activeInbound += 1;
    socket.on('error', (error) => this.options.logger.debug('inbound connection failed', { reason: error.message }));
    socket.once('close', () => {
      counters.activeInbound -= 1;
    });
    const unknown = (reason: string): void => this.#deny(socket, { source: 'unknown', reason, wasLive: false });
    // None is ever offered, so this is a defect of TLS or of us; its peer was not verified now.
    if (socket.isSessionReused()) return unknown('the session was resumed');
    let judgement: Judgement;
    try {
      judgement = this.#inUse.judge.judge(this.#chains.of(socket), 'inbound', clock.now());
    } catch (error) {
      if (!isBanyanError(error)) throw error;
      return unknown(error.message);
    }
    const reading = identifyService(judgement.chain.certificates[0]!, this.#inUse.tls.trust.trustDomain);
    if (!reading.ok) return unknown(reading.reason);
    this.#judged(socket, reading.peer, judgement);
  }

  #judged(socket: TLSSocket, peer: ServicePeer, { chain, standing }: Judgement): void {
    const { counters, clock } = this.options;
    const { judge, tls } = this.#inUse;
    if (!avoidsDenied(standing, tls.trust)) {
      this.#deny(socket, {
        source: peer.uri,
        reason: 'its chain leads through a denied key, or to no root',
        code: 'CHAIN_KEY_DENIED',
        wasLive: false,
      });
      return;
    }
    if (standing.rootId === undefined && this.#settling !== undefined) {
      // The handshake began under the previous bundle, and the root above its peer has gone with it.
      this.#deny(socket, { source: peer.uri, reason: 'no root of the trust bundle is above it', wasLive: false });
      return;
    }
    const isProbe = socket.alpnProtocol === PROBE_PROTOCOL;
    const seen = { peer: peer.uri, direction: 'inbound', standing, isProbe, now: clock.now() } as const;
    if (judge.count(seen)) counters.shadowFailed += 1;
    if (tls.trust.isCompared) counters.shadowChecked += 1;
    if (isProbe) {
      this.#endProbe(socket);
      return;
    }
    const live = judge.track(chain, 'inbound', { cut: (reason) => this.#cutTainted(socket, peer, reason) });
    socket.once('close', () => live.forget());
    void this.#admit(socket, peer);
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
    this.options.serve(socket, peer);
  }

  /** One byte tells the other side that its certificate was accepted, too: a refusal in TLS 1.3 is only an end. */
  #endProbe(socket: TLSSocket): void {
    this.options.counters.probesReceived += 1;
    const limit = this.options.timers.set(PROBE_LIMIT_MS, () => socket.destroy());
    socket.once('close', () => limit.clear());
    socket.resume();
    socket.end(PROBE_ANSWER);
  }

  #cutTainted(socket: TLSSocket, peer: ServicePeer, reason: string): void {
    if (socket.destroyed) return;
    this.options.counters.cutTainted += 1;
    this.options.logger.warn('connection cut', { peer: peer.uri, direction: 'inbound', reason });
    socket.destroy();
  }

  #deny(socket: TLSSocket, denial: { source: string; reason: string; code?: ErrorCode; wasLive: boolean }): void {
    if (socket.destroyed) return;
    this.options.counters.denied += 1;
    this.options.logger.warn('connection denied', { ...denial, destination: this.options.target });
    socket.destroy();
  }

  #handshakeFailed(error: Error, socket: TLSSocket): void {
    this.options.counters.inboundHandshakeFailures += 1;
    // Node closes the connection of a client that it refuses as if the client had hung up; why is on the socket only.
    const { authorizationError } = socket as { readonly authorizationError?: unknown };
    const refusal = typeof authorizationError === 'string' ? authorizationError : undefined;
    const code = refusal ?? ('code' in error ? String(error.code) : undefined);
    const reason = refusal === undefined ? error.message : `the client's chain is not trusted: ${refusal}`;
    const fields = { reason, code, peer: socket.remoteAddress };
    // A health check connects and closes without a handshake, every few seconds.
    const silent = refusal === undefined && (code === 'ECONNRESET' || socket.bytesRead === 0);
    if (silent) this.options.logger.debug('inbound connection closed before a handshake', fields);
    else this.options.logger.warn('inbound handshake failed', fields);
    socket.destroy();
  }
}
