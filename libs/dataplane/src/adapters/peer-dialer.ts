import type { TLSSocket } from 'node:tls';
import { formatSpiffeId, type ServiceId } from '@banyan/identity';
import { BanyanError, type Clock, type Logger, type Timers } from '@banyan/kernel';
import type { PeerChain } from '../domain/peer-chain.js';
import { avoidsDenied } from '../domain/standing.js';
import type { PeerJudge } from '../domain/peer-judge.js';
import { PROBE_PROTOCOL } from '../domain/probe.js';
import type { ProxyCounters } from '../domain/proxy-counters.js';
import type { Endpoint } from '../domain/sidecar.js';
import type { MaterialInUse } from './mesh-material.js';
import { connectToPeer } from './peer-connection.js';
import { presentedChain } from './presented-chain.js';
import { timeLimit } from './time-limit.js';

/** What {@link PeerDialer} needs. */
export interface PeerDialerOptions {
  /** The newest material; read for each connection. */
  readonly inUse: () => MaterialInUse | undefined;
  readonly counters: ProxyCounters;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** Whom to reach, and where. */
export interface Destination {
  readonly service: string;
  readonly datacenter: string;
}

/** How long a handshake may take, unit ms, and who may end it. */
export interface DialLimits {
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

/** A full handshake that was accepted and counted. */
export interface Dialed {
  readonly socket: TLSSocket;
  /** The root that was the active one when it was counted. */
  readonly activeRootId: string | undefined;
}

/** Opens connections to other workloads, each verified by TLS, by name, and a second time by the judge. */
export class PeerDialer {
  constructor(private readonly options: PeerDialerOptions) {}

  /**
   * A connection that may carry bytes. It is cut when the root above its peer is compromised and leaves the
   * bundle. Throws `CA_UNINITIALIZED`, `PEER_NOT_ALLOWED`, `PEER_UNAUTHENTICATED`, `TIMEOUT`, `SERVER_UNREACHABLE`.
   */
  dial(to: Destination, endpoint: Endpoint, limits: DialLimits): Promise<Dialed> {
    return this.#handshake(to, endpoint, { ...limits, isProbe: false });
  }

  /**
   * Makes a handshake and closes. Resolves when the other side has accepted our certificate, too. Throws as {@link dial};
   * what the other side found wrong with us is `SERVER_UNREACHABLE` or `TIMEOUT`.
   */
  async probe(to: Destination, endpoint: Endpoint, limits: DialLimits): Promise<Pick<Dialed, 'activeRootId'>> {
    const { socket, activeRootId } = await this.#handshake(to, endpoint, { ...limits, isProbe: true });
    const limit = timeLimit(this.options.timers, limits.limitMs, 'the answer to a probe', limits.signal);
    try {
      // A peer that knows no probes has taken this for a connection; the handshake was real, and waiting is of no use.
      if (socket.alpnProtocol === PROBE_PROTOCOL) await answerOf(socket, limit.signal);
      return { activeRootId };
    } finally {
      limit.end();
      socket.destroy();
    }
  }

  async #handshake(
    to: Destination,
    endpoint: Endpoint,
    o: DialLimits & { readonly isProbe: boolean },
  ): Promise<Dialed> {
    const { clock, counters, timers } = this.options;
    const begun = this.options.inUse();
    if (begun === undefined) throw new BanyanError('CA_UNINITIALIZED', 'this workload has no certificate yet');
    const expected: ServiceId = {
      kind: 'service',
      trustDomain: begun.tls.trust.trustDomain,
      namespace: 'default',
      datacenter: to.datacenter,
      service: to.service,
    };
    const socket = await connectToPeer({ endpoint, expected, state: begun.tls, timers, ...o });
    const inUse = this.options.inUse() ?? begun;
    try {
      const { chain, standing } = inUse.judge.judge(presentedChain(socket), 'outbound', clock.now());
      if (standing.rootId === undefined && inUse.tls.trust !== begun.tls.trust) {
        throw new BanyanError('PEER_UNAUTHENTICATED', 'the root above the peer has left the bundle meanwhile');
      }
      if (!avoidsDenied(standing, inUse.tls.trust)) {
        throw new BanyanError('CHAIN_KEY_DENIED', 'the chain of the peer leads through a denied key, or to no root');
      }
      const peer = formatSpiffeId(expected);
      const seen = { peer, direction: 'outbound', standing, isProbe: o.isProbe, now: clock.now() } as const;
      if (inUse.judge.count(seen)) counters.shadowFailed += 1;
      if (inUse.tls.trust.isCompared) counters.shadowChecked += 1;
      // At once, so that no change of the bundle can come between the judgement and this.
      if (!o.isProbe) this.#track(socket, { judge: inUse.judge, chain, peer });
      return { socket, activeRootId: inUse.tls.trust.active?.id };
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  #track(socket: TLSSocket, o: { judge: PeerJudge; chain: PeerChain; peer: string }): void {
    const cut = (reason: string): void => {
      if (socket.destroyed) return;
      this.options.counters.cutTainted += 1;
      this.options.logger.warn('connection cut', { peer: o.peer, direction: 'outbound', reason });
      socket.destroy();
    };
    const live = o.judge.track(o.chain, 'outbound', { cut });
    socket.once('close', () => live.forget());
  }
}

/** In TLS 1.3 we are connected before the peer has looked at our certificate; only its answer says that it accepts us. */
const answerOf = (socket: TLSSocket, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const refused = (): void =>
      reject(new BanyanError('SERVER_UNREACHABLE', 'the peer ended the probe without an answer: it refused us'));
    socket.once('data', () => resolve());
    socket.once('end', refused);
    socket.once('close', refused);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    socket.end();
  });
