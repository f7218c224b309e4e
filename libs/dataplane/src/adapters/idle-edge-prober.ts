import { BackgroundTask, type Logger, messageOf, type Random, type Timers } from '@banyan/kernel';
import type { ProbePace } from '../domain/probe.js';
import type { MaterialInUse } from './mesh-material.js';
import type { OutboundListener } from './outbound-listener.js';

/** So many probes at once: a sidecar with hundreds of upstreams must not burst. */
const WIDTH = 4;
/** Edges are looked through so often; a probe is late by as much at most. */
const LOOK_MS = 1_000;
/** Nothing is due; only a change wakes the task. */
const UNTIL_WOKEN_MS = 24 * 3_600_000;
const BACKOFF = { firstMs: 1_000, capMs: 10_000 };

export interface IdleEdgeProberOptions {
  readonly inUse: () => MaterialInUse | undefined;
  readonly edges: () => readonly OutboundListener[];
  readonly pace: ProbePace;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
}

/** Looks at idle edges while more than one root is in the bundle, and sleeps otherwise. */
export class IdleEdgeProber {
  readonly #task: BackgroundTask;
  #wasCompared = false;

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
    const trust = this.options.inUse()?.tls.trust;
    const isCompared = trust?.isCompared === true;
    const begins = isCompared && !this.#wasCompared;
    this.#wasCompared = isCompared;
    if (trust?.active === undefined || !isCompared) return UNTIL_WOKEN_MS;
    const lookMs = Math.min(LOOK_MS, this.options.pace.everyMs / 4);
    // All sidecars learn of a bundle in the same moment; they must not all begin in it.
    if (begins) return this.options.pace.everyMs * this.options.random.fraction();
    const { pace, random } = this.options;
    const activeRootId = trust.active.id;
    const due = this.options
      .edges()
      .filter((edge) => edge.takeProbeTurn({ activeRootId, pace, fraction: random.fraction() }));
    for (let first = 0; first < due.length && !signal.aborted; first += WIDTH) {
      await Promise.all(due.slice(first, first + WIDTH).map((edge) => edge.probe(signal)));
    }
    return lookMs;
  }
}
