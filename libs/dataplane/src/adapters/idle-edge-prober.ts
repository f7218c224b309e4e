import { BackgroundTask, type Clock, type Logger, messageOf, type Random, type Timers } from '@banyan/kernel';
import type { ProbePace } from '../domain/probe.js';
import type { MaterialInUse } from './mesh-material.js';
import type { UpstreamEdge } from './upstream-edge.js';

/** So many probes at once: a sidecar with hundreds of upstreams must not burst. */
const WIDTH = 4;
/** Edges are looked through so often; a probe is late by as much at most. */
const LOOK_MS = 1_000;
/** Nothing is due; only a change wakes the task. */
const UNTIL_WOKEN_MS = 24 * 3_600_000;
const BACKOFF = { firstMs: 1_000, capMs: 10_000 };

/** What {@link IdleEdgeProber} needs. */
export interface IdleEdgeProberOptions {
  readonly inUse: () => MaterialInUse | undefined;
  readonly edges: () => readonly UpstreamEdge[];
  readonly pace: ProbePace;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** Looks at idle edges while more than one root is in the bundle, and sleeps otherwise. */
export class IdleEdgeProber {
  readonly #task: BackgroundTask;
  /** The active root that edges are looked at for, and from when on. */
  #asked: { readonly rootId: string; readonly from: number } | undefined;

  constructor(private readonly options: IdleEdgeProberOptions) {
    const { timers, random, logger } = options;
    this.#task = new BackgroundTask({
      timers,
      random,
      backoff: BACKOFF,
      turn: (signal) => this.#turn(signal),
      onFailure: (error) => logger.error('idle edges could not be looked at', { reason: messageOf(error) }),
    });
  }

  start(): void {
    this.#task.start();
  }

  /** To be called when the bundle has changed. */
  wake(): void {
    this.#task.wake();
  }

  stop(): Promise<void> {
    return this.#task.stop();
  }

  async #turn(signal: AbortSignal): Promise<number> {
    const { clock, pace, random } = this.options;
    const trust = this.options.inUse()?.tls.trust;
    if (trust?.active === undefined || !trust.isCompared) {
      this.#asked = undefined;
      return UNTIL_WOKEN_MS;
    }
    const activeRootId = trust.active.id;
    const now = clock.now();
    // All sidecars learn of a bundle in the same moment; they must not all begin in it.
    if (this.#asked?.rootId !== activeRootId) {
      this.#asked = { rootId: activeRootId, from: now + pace.everyMs * random.fraction() };
    }
    if (now < this.#asked.from) return Math.min(this.#asked.from - now, pace.everyMs);
    const due = this.options
      .edges()
      .filter((edge) => edge.takeProbeTurn({ activeRootId, pace, fraction: random.fraction() }));
    for (let first = 0; first < due.length && !signal.aborted; first += WIDTH) {
      await Promise.all(due.slice(first, first + WIDTH).map((edge) => edge.probe(signal)));
    }
    return Math.min(LOOK_MS, pace.everyMs / 4);
  }
}
