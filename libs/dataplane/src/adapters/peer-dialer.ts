import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { formatSpiffeId, type ServiceId } from '@banyan/identity';
import { BanyanError, type Clock, type Logger, type Timers } from '@banyan/kernel';
import type { Judgement } from '../domain/peer-judge.js';
import { PROBE_PROTOCOL } from '../domain/probe.js';
import type { ProxyCounters } from '../domain/proxy-counters.js';
import type { Endpoint } from '../domain/sidecar.js';
import type { MaterialInUse } from './mesh-material.js';
import { connectToPeer } from './peer-connection.js';
import { presentedChain } from './presented-chain.js';
import { timeLimit } from './time-limit.js';

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

export interface DialLimits {
  readonly limitMs: number;
  readonly signal: AbortSignal;
}

interface Handshake {
  readonly socket: TLSSocket;
  readonly judgement: Judgement;
  readonly expected: ServiceId;
  readonly inUse: MaterialInUse;
}

/** Opens connections to other workloads, each verified by TLS, by name, and a second time by the judge. */
export class PeerDialer {
  constructor(private readonly options: PeerDialerOptions) {}

  /**
   * A connection that may carry bytes. It is cut when the root above its peer leaves the bundle. Throws
   * `CA_UNINITIALIZED`, `PEER_NOT_ALLOWED`, `PEER_UNAUTHENTICATED`, `TIMEOUT`, `SERVER_UNREACHABLE`.
   */
  async dial(to: Destination, endpoint: Endpoint, limits: DialLimits): Promise<TLSSocket> {
    const { socket, judgement, expected, inUse } = await this.#handshake(to, endpoint, { ...limits, isProbe: false });
    const live = inUse.judge.track(judgement.chain, 'outbound', {
      cut: (reason) => this.#cut(socket, expected, reason),
    });
    socket.once('close', () => live.forget());
    return socket;
  }

  /**
   * Makes a handshake and closes. Resolves when the other side has accepted our certificate, too. Throws as {@link dial};
   * what the other side found wrong with us is `SERVER_UNREACHABLE` or `TIMEOUT`.
   */
  async probe(to: Destination, endpoint: Endpoint, limits: DialLimits): Promise<void> {
    const { socket } = await this.#handshake(to, endpoint, { ...limits, isProbe: true });
    if (socket.alpnProtocol !== PROBE_PROTOCOL) {
      // A peer that knows no probes has taken this for a connection; the handshake was real, and waiting is of no use.
      socket.destroy();
      return;
    }
    const limit = timeLimit(this.options.timers, limits.limitMs, 'the end of a probe', limits.signal);
    try {
      socket.end();
      socket.resume();
      await once(socket, 'end', { signal: limit.signal });
    } catch (cause) {
      if (limit.signal.aborted) throw limit.signal.reason;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new BanyanError('SERVER_UNREACHABLE', `the peer refused the probe: ${reason}`, { cause });
    } finally {
      limit.end();
      socket.destroy();
    }
  }

  async #handshake(
    to: Destination,
    endpoint: Endpoint,
    o: DialLimits & { readonly isProbe: boolean },
  ): Promise<Handshake> {
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
      const judgement = inUse.judge.judge(presentedChain(socket), 'outbound', clock.now());
      const { standing } = judgement;
      if (standing.rootId === undefined && inUse.tls.trust !== begun.tls.trust) {
        throw new BanyanError('PEER_UNAUTHENTICATED', 'the root above the peer has left the bundle meanwhile');
      }
      const peer = formatSpiffeId(expected);
      const seen = { peer, direction: 'outbound', standing, isProbe: o.isProbe, now: clock.now() } as const;
      if (inUse.judge.count(seen)) counters.shadowFailed += 1;
      if (inUse.tls.trust.isCompared) counters.shadowChecked += 1;
      return { socket, judgement, expected, inUse };
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  #cut(socket: TLSSocket, peer: ServiceId, reason: string): void {
    if (socket.destroyed) return;
    this.options.counters.cutWithoutRoot += 1;
    this.options.logger.warn('connection cut', { peer: formatSpiffeId(peer), direction: 'outbound', reason });
    socket.destroy();
  }
}
