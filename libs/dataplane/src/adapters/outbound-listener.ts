import { createServer, type Server, type Socket } from 'node:net';
import { BanyanError, messageOf } from '@banyan/kernel';
import type { Upstream } from '../domain/sidecar.js';
import { boundPort, drain, listenOn } from './listening.js';
import type { PeerDialerOptions } from './peer-dialer.js';
import { splice } from './splice.js';
import { UpstreamEdge } from './upstream-edge.js';

/** What {@link OutboundListener} needs. */
export interface OutboundOptions extends PeerDialerOptions {
  readonly upstream: Upstream;
}

/** Takes plain connections of the workload for one upstream and carries each over mutual TLS to an instance of it. */
export class OutboundListener {
  readonly edge: UpstreamEdge;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(private readonly options: OutboundOptions) {
    const { destination, datacenter } = options.upstream;
    this.edge = new UpstreamEdge({ service: destination, datacenter }, options);
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
      const peer = await this.edge.connect(gone.signal);
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
}
