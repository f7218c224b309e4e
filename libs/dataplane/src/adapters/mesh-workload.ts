import type { TLSSocket } from 'node:tls';
import {
  BackgroundTask,
  BanyanError,
  type Clock,
  type Logger,
  messageOf,
  type Random,
  type Timers,
} from '@banyan/kernel';
import type { ServicePeer } from '../domain/peer-identity.js';
import { PROBE_PACE, type ProbePace } from '../domain/probe.js';
import { type ProxyCounters, zeroCounters } from '../domain/proxy-counters.js';
import type { MeshSource } from '../ports/mesh-source.js';
import type { ReportSink } from '../ports/report-sink.js';
import { follow } from './follow.js';
import { IdleEdgeProber } from './idle-edge-prober.js';
import { MeshListener } from './mesh-listener.js';
import { MeshMaterial } from './mesh-material.js';
import type { Destination } from './peer-dialer.js';
import { SidecarReporter } from './sidecar-reporter.js';
import { timeLimit } from './time-limit.js';
import { UpstreamEdge } from './upstream-edge.js';

/** As the sidecar: a safety net below the watch of intentions. */
const RECHECK_EVERY_MS = 15_000;
const RECHECK_AGAIN_MS = 1_000;
const BACKOFF = { firstMs: 200, capMs: 5_000 };
const DEFAULT_DRAIN_MS = 5_000;
/** For certificates, and for the instances of a destination that is asked for the first time. */
const FIRST_ANSWER_LIMIT_MS = 5_000;
/** Destinations whose instances are followed; the one that was used longest ago goes first. */
const MOST_DESTINATIONS = 256;

/** What {@link MeshWorkload} needs. */
export interface MeshWorkloadOptions {
  readonly source: MeshSource;
  /** The service this application is, and its ID as registered with the agent. */
  readonly service: string;
  readonly serviceId: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  /** Where it tells what it verifies with and what it saw; without one it tells nobody. */
  readonly reports?: ReportSink;
  /** As for a sidecar. */
  readonly probePace?: ProbePace;
  /** How long incoming connections may go on after `stop`; default 5 s. */
  readonly drainMs?: number;
}

interface WorkloadTask {
  start(): void;
  wake(): void;
  stop(): Promise<void>;
}

/** Takes an allowed connection. The socket has `allowHalfOpen`; `peer` is who was verified at the other end. */
export type ServeConnection = (socket: TLSSocket, peer: ServicePeer) => void;

/**
 * The mesh for an application without a sidecar: the same identities, intentions and second verification of every
 * handshake, in its own process.
 */
export class MeshWorkload {
  readonly #counters = zeroCounters();
  readonly #material: MeshMaterial;
  readonly #abort = new AbortController();
  readonly #watches = new Set<Promise<void>>();
  readonly #listeners = new Set<MeshListener>();
  readonly #edges = new Map<string, { readonly edge: UpstreamEdge; readonly watch: AbortController }>();
  readonly #tasks: readonly WorkloadTask[];
  readonly #ready: Promise<void>;

  constructor(private readonly options: MeshWorkloadOptions) {
    this.#material = new MeshMaterial(options);
    this.#ready = new Promise((resolve) => {
      this.#material.onSwap((inUse) => {
        for (const listener of this.#listeners) listener.swap(inUse);
        for (const task of this.#tasks) task.wake();
        resolve();
      });
    });
    this.#tasks = this.#makeTasks();
  }

  /** Begins to follow certificates and intentions; to be called once. */
  start(): void {
    const { source, service, logger } = this.options;
    const { signal } = this.#abort;
    this.#keep(follow(source.watchTrust(signal), (trust) => this.#material.acceptTrust(trust), logger));
    this.#keep(follow(source.watchLeaf(service, signal), (leaf) => this.#material.acceptLeaf(leaf), logger));
    this.#keep(follow(source.watchIntentions(service, signal), () => this.#tasks[0]?.wake(), logger));
    for (const task of this.#tasks) task.start();
  }

  counters(): Readonly<ProxyCounters> {
    return { ...this.#counters };
  }

  /**
   * Takes connections on `address`; resolves to the port. Throws `TIMEOUT` without certificates after 5 s, `PORT_IN_USE`,
   * `CONFIG_INVALID`.
   */
  async listen(at: { readonly address: string; readonly port: number }, serve: ServeConnection): Promise<number> {
    await this.#within(this.#ready, 'waiting for certificates');
    const { current } = this.#material;
    if (current === undefined) throw new BanyanError('CA_UNINITIALIZED', 'this workload has no certificate yet');
    const { service } = this.options;
    const listener = new MeshListener({ ...this.options, target: service, serve, counters: this.#counters }, current);
    this.#listeners.add(listener); // before it listens, so that no change of material passes it by
    try {
      await listener.listen(at.address, at.port);
    } catch (error) {
      this.#listeners.delete(listener);
      throw error;
    }
    return listener.port;
  }

  /**
   * A connection to a healthy instance of a service, verified to be just that. It has `allowHalfOpen`. Throws
   * `SERVER_UNREACHABLE`, `PEER_NOT_ALLOWED`, `PEER_UNAUTHENTICATED`, `TIMEOUT`, or the signal's reason.
   */
  async connect(to: Destination, asked: AbortSignal): Promise<TLSSocket> {
    const signal = AbortSignal.any([asked, this.#abort.signal]);
    await this.#within(this.#ready, 'waiting for certificates', signal);
    const edge = this.#edgeTo(to);
    await this.#within(edge.known, `waiting for the instances of ${to.service}`, signal);
    return edge.connect(signal);
  }

  /** Takes no new connections, lets incoming ones end within the drain time, and stops every watch. Outgoing ones stay. */
  async stop(): Promise<void> {
    const { drainMs = DEFAULT_DRAIN_MS } = this.options;
    this.#abort.abort(new BanyanError('ABORTED', 'the workload stops'));
    for (const { watch } of this.#edges.values()) watch.abort();
    await Promise.all([...this.#tasks.map((task) => task.stop()), this.#material.settled()]);
    await Promise.all([...this.#listeners].map((listener) => listener.stop(drainMs)));
    await Promise.all(this.#watches);
  }

  #makeTasks(): readonly WorkloadTask[] {
    const { options } = this;
    const { timers, random, logger, reports } = options;
    const inUse = (): MeshMaterial['current'] => this.#material.current;
    const rechecking = new BackgroundTask({
      timers,
      random,
      backoff: BACKOFF,
      turn: () => this.#recheck(), // woken first of all when intentions change
      onFailure: (error) => logger.error('live connections could not be checked', { reason: messageOf(error) }),
    });
    const prober = new IdleEdgeProber({
      ...options,
      inUse,
      edges: () => [...this.#edges.values()].map(({ edge }) => edge),
      pace: options.probePace ?? PROBE_PACE,
    });
    if (reports === undefined) return [rechecking, prober];
    const self = (): { id: string; service: string } => ({ id: options.serviceId, service: options.service });
    return [rechecking, prober, new SidecarReporter({ ...options, inUse, self, sink: reports })];
  }

  #edgeTo(to: Destination): UpstreamEdge {
    const key = `${to.datacenter}|${to.service}`;
    const present = this.#edges.get(key);
    this.#edges.delete(key);
    if (present !== undefined) {
      this.#edges.set(key, present);
      return present.edge;
    }
    const inUse = (): MeshMaterial['current'] => this.#material.current;
    const edge = new UpstreamEdge(to, { ...this.options, inUse, counters: this.#counters });
    const watch = new AbortController();
    this.#edges.set(key, { edge, watch });
    const upstream = { destination: to.service, datacenter: to.datacenter, bindAddress: '', bindPort: 0 };
    const endpoints = this.options.source.watchEndpoints(upstream, watch.signal);
    this.#keep(follow(endpoints, (found) => edge.replaceEndpoints(found), this.options.logger));
    if (this.#edges.size > MOST_DESTINATIONS) this.#dropOldest();
    return edge;
  }

  #keep(watch: Promise<void>): void {
    this.#watches.add(watch);
    void watch.then(() => this.#watches.delete(watch));
  }

  #dropOldest(): void {
    const [key, oldest] = this.#edges.entries().next().value ?? [];
    if (key === undefined) return;
    this.#edges.delete(key);
    oldest?.watch.abort();
  }

  async #within(wanted: Promise<void>, what: string, signal: AbortSignal = this.#abort.signal): Promise<void> {
    const limit = timeLimit(this.options.timers, FIRST_ANSWER_LIMIT_MS, what, signal);
    try {
      await new Promise<void>((resolve, reject) => {
        const abort = (): void => reject(limit.signal.reason as Error);
        if (limit.signal.aborted) abort();
        limit.signal.addEventListener('abort', abort, { once: true });
        void wanted.then(resolve);
      });
    } finally {
      limit.end();
    }
  }

  async #recheck(): Promise<number> {
    const answers = await Promise.all([...this.#listeners].map((listener) => listener.recheck()));
    return answers.includes(false) ? RECHECK_AGAIN_MS : RECHECK_EVERY_MS;
  }
}
