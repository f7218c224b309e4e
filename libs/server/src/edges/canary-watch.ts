import type { Canary } from '@banyan/intentions';
import type { EpochMs } from '@banyan/kernel';
import type { DatacenterCore } from '../core/datacenter-core.js';
import type { CanaryKnowledge } from './canary-view.js';

/** Asks this server's decision engine for the canary whenever one has arrived, and keeps when it answered it. */
export class CanaryWatch {
  readonly #unsubscribe: () => void;
  readonly #listeners = new Set<() => void>();
  #answered: { readonly canary: Canary; readonly at: EpochMs } | undefined;
  #roundTrip: number | undefined;

  constructor(private readonly core: DatacenterCore) {
    this.#unsubscribe = core.follower.onBatch((changes, _latest, reloaded) => {
      if (reloaded || changes.some((change) => change.topic === 'canary')) this.#look();
    });
    this.#look();
  }

  /** The newest canary that was answered. */
  get knowledge(): CanaryKnowledge {
    return { canary: this.#answered?.canary, answeredAt: this.#answered?.at, roundTripMs: this.#roundTrip };
  }

  /** Calls `listener` whenever the engine answers a new one. */
  onAnswer(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** The primary told how long the last one took to and fro; 0 or absent when it does not know. */
  returned(roundTripMs: number | undefined): void {
    if (roundTripMs !== undefined && roundTripMs > 0) this.#roundTrip = roundTripMs;
  }

  stop(): void {
    this.#unsubscribe();
  }

  #look(): void {
    const canary = this.core.intentions.canary();
    if (canary === undefined || canary.sequence === this.#answered?.canary.sequence) return;
    this.#answered = { canary, at: this.core.ambient.clock.now() };
    for (const listener of this.#listeners) listener();
  }
}
