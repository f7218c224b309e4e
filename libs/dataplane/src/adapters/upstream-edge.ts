import type { TLSSocket } from 'node:tls';
import { BanyanError, messageOf } from '@banyan/kernel';
import { EndpointRotation } from '../domain/endpoint-rotation.js';
import { EdgeActivity, type ProbePace } from '../domain/probe.js';
import type { Endpoint } from '../domain/sidecar.js';
import { type Destination, PeerDialer, type PeerDialerOptions } from './peer-dialer.js';

/** From the first attempt to an established connection, over all endpoints together. */
const CONNECT_LIMIT_MS = 5_000;
/** One endpoint that does not answer must leave time for another. */
const ATTEMPT_LIMIT_MS = 2_000;

/** The way from this workload to one other service: its healthy instances, taken in turns, and when it was last at work. */
export class UpstreamEdge {
  /** Resolves when the instances are known for the first time; possibly none. */
  readonly known: Promise<void>;
  readonly #rotation = new EndpointRotation();
  readonly #activity = new EdgeActivity();
  readonly #dialer: PeerDialer;
  #tellKnown: () => void = () => {};

  constructor(
    private readonly to: Destination,
    private readonly options: PeerDialerOptions,
  ) {
    this.#dialer = new PeerDialer(options);
    this.known = new Promise((resolve) => {
      this.#tellKnown = resolve;
    });
  }

  replaceEndpoints(endpoints: readonly Endpoint[]): void {
    this.#rotation.replace(endpoints);
    this.#tellKnown();
  }

  /** Tries each endpoint once, in turns, within 5 s. Throws as {@link PeerDialer.dial}, or the signal's reason. */
  async connect(signal: AbortSignal): Promise<TLSSocket> {
    const { clock } = this.options;
    const endMs = clock.now() + CONNECT_LIMIT_MS;
    let last: unknown = new BanyanError('SERVER_UNREACHABLE', 'there is no healthy instance');
    for (const endpoint of this.#rotation.order()) {
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

  /** Whether this edge is idle and its next probe is due; the turn is then taken. */
  takeProbeTurn(o: { activeRootId: string; pace: ProbePace; fraction: number }): boolean {
    return this.#rotation.size > 0 && this.#activity.takeTurn({ ...o, now: this.options.clock.now() });
  }

  /** Makes one handshake with one instance. A failure is logged and counted. */
  async probe(signal: AbortSignal): Promise<void> {
    const { counters, logger, clock } = this.options;
    const endpoint = this.#rotation.nextToProbe();
    if (endpoint === undefined) return;
    counters.probesSent += 1;
    try {
      const { activeRootId } = await this.#dialer.probe(this.to, endpoint, { limitMs: ATTEMPT_LIMIT_MS, signal });
      this.#activity.seen(activeRootId, clock.now());
    } catch (error) {
      if (signal.aborted) return;
      counters.probesFailed += 1;
      logger.warn('probe of an idle edge failed', { ...this.#fields(endpoint), reason: messageOf(error) });
    }
  }

  async #attempt(endpoint: Endpoint, limitMs: number, signal: AbortSignal): Promise<TLSSocket> {
    const { counters, logger, clock } = this.options;
    try {
      const { socket, activeRootId } = await this.#dialer.dial(this.to, endpoint, { limitMs, signal });
      counters.outboundHandshakes += 1;
      this.#activity.seen(activeRootId, clock.now());
      return socket;
    } catch (error) {
      counters.outboundFailures += 1;
      if (!signal.aborted) logger.warn('endpoint failed', { ...this.#fields(endpoint), reason: messageOf(error) });
      throw error;
    }
  }

  #fields({ address, port }: Endpoint): { upstream: string; endpoint: string } {
    return { upstream: this.to.service, endpoint: `${address}:${port}` };
  }
}
