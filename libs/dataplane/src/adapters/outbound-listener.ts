import { createServer, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { BanyanError, type Clock, type Logger, messageOf, type Timers } from '@banyan/kernel';
import { EndpointRotation } from '../domain/endpoint-rotation.js';
import { EdgeActivity, type ProbePace } from '../domain/probe.js';
import type { ProxyCounters } from '../domain/proxy-counters.js';
import type { Endpoint, Upstream } from '../domain/sidecar.js';
import { boundPort, drain, listenOn } from './listening.js';
import type { MaterialInUse } from './mesh-material.js';
import { PeerDialer } from './peer-dialer.js';
import { splice } from './splice.js';

/** From the workload's connection to an established one behind it, over all endpoints together. */
const CONNECT_LIMIT_MS = 5_000;
/** One endpoint that does not answer must leave time for another. */
const ATTEMPT_LIMIT_MS = 2_000;

export interface OutboundOptions {
  readonly upstream: Upstream;
  /** The newest material; read for each connection. */
  readonly inUse: () => MaterialInUse | undefined;
  readonly counters: ProxyCounters;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** Takes plain connections of the workload for one upstream and carries each over mutual TLS to an instance of it. */
export class OutboundListener {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #rotation = new EndpointRotation();
  readonly #activity = new EdgeActivity();
  readonly #dialer: PeerDialer;

  constructor(private readonly options: OutboundOptions) {
    this.#dialer = new PeerDialer(options);
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void this.#serve(client));
  }

  /** Throws `PORT_IN_USE`, `CONFIG_INVALID`. */
  async listen(): Promise<void> {
    const { upstream, logger } = this.options;
    await listenOn(this.#server, upstream.bindAddress, upstream.bindPort);
    this.#server.on('error', (error) => logger.error('upstream listener failed', { reason: error.message }));
  }

  /** The port it listens on; chosen by the system when 0 was asked for. */
  get port(): number {
    return boundPort(this.#server);
  }

  replaceEndpoints(endpoints: readonly Endpoint[]): void {
    this.#rotation.replace(endpoints);
  }

  /** Whether this edge is idle and its next probe is due; the turn is then taken. */
  takeProbeTurn(o: { activeRootId: string; pace: ProbePace; fraction: number }): boolean {
    return this.#rotation.size > 0 && this.#activity.takeTurn({ ...o, now: this.options.clock.now() });
  }

  /** Makes one handshake with one instance. A failure is logged and counted. */
  async probe(signal: AbortSignal): Promise<void> {
    const { upstream, counters, logger } = this.options;
    const endpoint = this.#rotation.nextToProbe();
    if (endpoint === undefined) return;
    counters.probesSent += 1;
    try {
      const limits = { limitMs: ATTEMPT_LIMIT_MS, signal };
      const { activeRootId } = await this.#dialer.probe(destinationOf(upstream), endpoint, limits);
      this.#activity.seen(activeRootId, this.options.clock.now());
    } catch (error) {
      if (signal.aborted) return;
      counters.probesFailed += 1;
      const fields = { upstream: upstream.destination, endpoint: `${endpoint.address}:${endpoint.port}` };
      logger.warn('probe of an idle edge failed', { ...fields, reason: messageOf(error) });
    }
  }

  async stop(drainMs: number): Promise<void> {
    await drain(this.#server, this.#sockets, { timers: this.options.timers, drainMs });
  }

  async #serve(client: Socket): Promise<void> {
    const { counters, logger, upstream } = this.options;
    const gone = new AbortController();
    counters.activeOutbound += 1;
    this.#sockets.add(client);
    client.on('error', (error) => logger.debug('workload connection failed', { reason: error.message }));
    client.once('close', () => {
      counters.activeOutbound -= 1;
      this.#sockets.delete(client);
      gone.abort(new BanyanError('ABORTED', 'the workload closed its connection'));
    });
    try {
      const peer = await this.#connect(gone.signal);
      peer.on('error', (error) => logger.debug('upstream connection failed', { reason: error.message }));
      splice(client, peer);
    } catch (error) {
      client.destroy();
      if (gone.signal.aborted) return; // nobody waits any more
      counters.outboundUnserved += 1;
      const fields = { upstream: upstream.destination, datacenter: upstream.datacenter, reason: messageOf(error) };
      logger.warn('upstream unreachable', fields);
    }
  }

  /** Tries each endpoint once, in turns, within the limit. */
  async #connect(signal: AbortSignal): Promise<TLSSocket> {
    const { clock } = this.options;
    const endMs = clock.now() + CONNECT_LIMIT_MS;
    const endpoints = this.#rotation.order();
    let last: unknown = new BanyanError('SERVER_UNREACHABLE', 'there is no healthy instance');
    for (const endpoint of endpoints) {
      const limitMs = Math.min(ATTEMPT_LIMIT_MS, endMs - clock.now());
      if (limitMs <= 0 || signal.aborted) break;
      try {
        return await this.#attempt(endpoint, limitMs, signal);
      } catch (error) {
        last = error;
      }
    }
    throw signal.aborted ? signal.reason : last;
  }

  async #attempt(endpoint: Endpoint, limitMs: number, signal: AbortSignal): Promise<TLSSocket> {
    const { upstream, counters, logger } = this.options;
    try {
      const { socket, activeRootId } = await this.#dialer.dial(destinationOf(upstream), endpoint, { limitMs, signal });
      counters.outboundHandshakes += 1;
      this.#activity.seen(activeRootId, this.options.clock.now());
      return socket;
    } catch (error) {
      counters.outboundFailures += 1;
      if (!signal.aborted) {
        const fields = { upstream: upstream.destination, endpoint: `${endpoint.address}:${endpoint.port}` };
        logger.warn('endpoint failed', { ...fields, reason: messageOf(error) });
      }
      throw error;
    }
  }
}

const destinationOf = ({ destination, datacenter }: Upstream): { service: string; datacenter: string } => ({
  service: destination,
  datacenter,
});
