import { BackgroundTask, type Clock, type Logger, messageOf, type Random, type Timers } from '@banyan/kernel';
import { PROBE_PACE, type ProbePace } from '../domain/probe.js';
import { type ProxyCounters, zeroCounters } from '../domain/proxy-counters.js';
import { type Sidecar, type Upstream, upstreamKey } from '../domain/sidecar.js';
import type { MeshSource } from '../ports/mesh-source.js';
import type { ReportSink } from '../ports/report-sink.js';
import { follow } from './follow.js';
import { IdleEdgeProber } from './idle-edge-prober.js';
import { MeshListener } from './mesh-listener.js';
import { MeshMaterial } from './mesh-material.js';
import { OutboundListener } from './outbound-listener.js';
import { SidecarReporter } from './sidecar-reporter.js';
import { joinWorkload } from './workload-door.js';

/** Nothing is due; only a change wakes the task. */
const UNTIL_WOKEN_MS = 24 * 3_600_000;
/** A safety net below the watch of intentions: no wrong connection lives longer than this after the agent knows. */
const RECHECK_EVERY_MS = 15_000;
const RECHECK_AGAIN_MS = 1_000;
const LISTEN_BACKOFF = { firstMs: 200, capMs: 5_000 };
const DEFAULT_DRAIN_MS = 5_000;

/** What {@link SidecarProxy} needs. */
export interface SidecarProxyOptions {
  readonly source: MeshSource;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Where it tells what it verifies with and what it saw; without one it tells nobody. */
  readonly reports?: ReportSink;
  /** When idle edges are looked at, while more than one root is in the bundle; 30 s and 10 s unless given. */
  readonly probePace?: ProbePace;
  /** How long open connections may go on after `stop`; default 5 s. */
  readonly drainMs?: number;
}

/** The ports it listens on. */
export interface ProxyPorts {
  readonly inbound: number | undefined;
  readonly upstreams: Readonly<Record<string, number>>;
}

interface Inbound {
  readonly at: string;
  readonly listener: MeshListener;
}

interface Outbound {
  readonly upstream: Upstream;
  readonly listener: OutboundListener;
  readonly watch: AbortController;
}

/**
 * One sidecar: the inbound listener and one listener per upstream, kept as the registration says, with the material and
 * the endpoints of the moment.
 */
export class SidecarProxy {
  /** Resolves when the proxy listens for the first time. */
  readonly ready: Promise<void>;
  readonly #counters = zeroCounters();
  readonly #material: MeshMaterial;
  readonly #abort = new AbortController();
  readonly #watches: Promise<void>[] = [];
  readonly #outbound = new Map<string, Outbound>();
  readonly #listening: BackgroundTask;
  readonly #rechecking: BackgroundTask;
  readonly #prober: IdleEdgeProber;
  readonly #reporter: SidecarReporter | undefined;
  readonly #drainMs: number;
  #inbound: Inbound | undefined;
  #sidecar: Sidecar | undefined;
  #tellReady: () => void = () => {};

  constructor(private readonly options: SidecarProxyOptions) {
    const { timers, random, logger } = options;
    this.#material = new MeshMaterial(options);
    this.#material.onSwap((inUse, isFirst) => {
      if (isFirst) this.#listening.wake();
      this.#inbound?.listener.swap(inUse);
      this.#prober.wake();
      this.#reporter?.wake();
    });
    const inUse = (): MeshMaterial['current'] => this.#material.current;
    this.#prober = new IdleEdgeProber({
      ...options,
      inUse,
      edges: () => [...this.#outbound.values()].map(({ listener }) => listener.edge),
      pace: options.probePace ?? PROBE_PACE,
    });
    if (options.reports !== undefined) {
      const self = (): { id: string; service: string } | undefined =>
        this.#sidecar && { id: this.#sidecar.proxyId, service: this.#sidecar.service };
      this.#reporter = new SidecarReporter({ ...options, inUse, self, sink: options.reports });
    }
    this.#drainMs = options.drainMs ?? DEFAULT_DRAIN_MS;
    this.ready = new Promise((resolve) => {
      this.#tellReady = resolve;
    });
    this.#listening = new BackgroundTask({
      timers,
      random,
      backoff: LISTEN_BACKOFF,
      turn: () => this.#listen(),
      onFailure: (error) => logger.error('proxy cannot listen; retrying', { reason: messageOf(error) }),
    });
    this.#rechecking = new BackgroundTask({
      timers,
      random,
      backoff: LISTEN_BACKOFF,
      turn: () => this.#recheck(),
      onFailure: (error) => logger.error('live connections could not be checked', { reason: messageOf(error) }),
    });
  }

  start(): void {
    const { source } = this.options;
    const { signal } = this.#abort;
    this.#follow(source.watchSidecar(signal), (sidecar) => this.#acceptSidecar(sidecar));
    this.#follow(source.watchTrust(signal), (trust) => this.#material.acceptTrust(trust));
    this.#listening.start();
    this.#prober.start();
    this.#reporter?.start();
  }

  counters(): Readonly<ProxyCounters> {
    return { ...this.#counters };
  }

  /** The ports it listens on at this moment, by upstream for the outgoing side. */
  ports(): ProxyPorts {
    const upstreams = [...this.#outbound.values()].map(({ upstream, listener }) => [
      upstream.destination,
      listener.port,
    ]);
    return {
      inbound: this.#inbound?.listener.port,
      upstreams: Object.fromEntries(upstreams) as ProxyPorts['upstreams'],
    };
  }

  /** Takes no new connections, lets open ones end within the drain time, and stops every watch. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all([
      this.#listening.stop(),
      this.#rechecking.stop(),
      this.#prober.stop(),
      this.#reporter?.stop(),
      this.#material.settled(),
    ]);
    await Promise.all([
      this.#inbound?.listener.stop(this.#drainMs),
      ...[...this.#outbound.keys()].map((key) => this.#closeOutbound(key)),
    ]);
    await Promise.all(this.#watches);
  }

  #follow<T>(values: AsyncIterable<T>, take: (value: T) => void): void {
    this.#watches.push(follow(values, take, this.options.logger));
  }

  #acceptSidecar(sidecar: Sidecar): void {
    const previous = this.#sidecar;
    const { source, logger } = this.options;
    if (previous !== undefined && previous.service !== sidecar.service) {
      // The identity of a proxy never changes under live connections.
      const fields = { previous: previous.service, next: sidecar.service };
      logger.error('this sidecar was registered for another service; restart the proxy to follow', fields);
      return;
    }
    this.#sidecar = sidecar;
    this.#listening.wake();
    if (previous !== undefined) return;
    const { signal } = this.#abort;
    this.#follow(source.watchLeaf(sidecar.service, signal), (leaf) => this.#material.acceptLeaf(leaf));
    this.#rechecking.start();
    this.#follow(source.watchIntentions(sidecar.service, signal), () => this.#rechecking.wake());
  }

  /** Makes the listeners those of the registration. Runs again, with back-off, until all of them listen. */
  async #listen(): Promise<number> {
    const sidecar = this.#sidecar;
    if (sidecar === undefined || this.#material.current === undefined) return UNTIL_WOKEN_MS;
    const wanted = new Set(sidecar.upstreams.map(upstreamKey));
    const surplus = [...this.#outbound.keys()].filter((key) => !wanted.has(key));
    await Promise.all(surplus.map((key) => this.#closeOutbound(key)));
    // One taken port must not keep the other listeners from working.
    const outcomes = await Promise.allSettled([
      this.#listenInbound(sidecar),
      ...sidecar.upstreams.map((upstream) => this.#listenOutbound(upstream)),
    ]);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    this.#tellReady();
    return UNTIL_WOKEN_MS;
  }

  async #listenInbound(sidecar: Sidecar): Promise<void> {
    const { logger } = this.options;
    const at = `${sidecar.bindAddress}:${sidecar.bindPort}`;
    if (this.#inbound?.at === at) return;
    await this.#inbound?.listener.stop(this.#drainMs);
    this.#inbound = undefined;
    const { current } = this.#material;
    if (current === undefined) return;
    const local = (): { address: string; port: number } => {
      const { localAddress, localPort } = this.#sidecar ?? sidecar;
      return { address: localAddress, port: localPort };
    };
    const listener = new MeshListener(
      {
        ...this.options,
        counters: this.#counters,
        target: sidecar.service,
        serve: (socket, peer) => joinWorkload(socket, peer, { ...this.options, local }),
      },
      current,
    );
    await listener.listen(sidecar.bindAddress, sidecar.bindPort);
    if (this.#material.current !== undefined) listener.swap(this.#material.current); // what came while it bound
    this.#inbound = { at, listener };
    logger.info('inbound listener ready', { service: sidecar.service, address: at });
  }

  async #listenOutbound(upstream: Upstream): Promise<void> {
    const key = upstreamKey(upstream);
    if (this.#outbound.has(key)) return;
    const { source, logger } = this.options;
    const inUse = (): MeshMaterial['current'] => this.#material.current;
    const listener = new OutboundListener({ ...this.options, upstream, inUse, counters: this.#counters });
    await listener.listen();
    const watch = new AbortController();
    this.#outbound.set(key, { upstream, listener, watch });
    this.#follow(source.watchEndpoints(upstream, watch.signal), (endpoints) =>
      listener.edge.replaceEndpoints(endpoints),
    );
    const address = `${upstream.bindAddress}:${upstream.bindPort}`;
    logger.info('upstream listener ready', {
      upstream: upstream.destination,
      datacenter: upstream.datacenter,
      address,
    });
  }

  async #closeOutbound(key: string): Promise<void> {
    const outbound = this.#outbound.get(key);
    if (outbound === undefined) return;
    this.#outbound.delete(key);
    outbound.watch.abort();
    await outbound.listener.stop(this.#drainMs);
  }

  async #recheck(): Promise<number> {
    const askedAll = (await this.#inbound?.listener.recheck()) ?? true;
    return askedAll ? RECHECK_EVERY_MS : RECHECK_AGAIN_MS;
  }
}
