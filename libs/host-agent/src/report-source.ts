import { type AgentReport, NO_SIDECARS, type SidecarSummary } from '@banyan/adoption';
import type { Clock, EpochMs, Timer, Timers } from '@banyan/kernel';

/** Changes gather for so long: when the root changes, bundle and leaves of a small host follow each other within it. */
const GATHER_MS = 200;
/** While changes go on, as with 10,000 leaves that are renewed over a minute, they are told this often at most. */
const LEAST_GAP_MS = 1_000;

/** What the report is collected from: all of it is at hand, and nothing waits. */
export interface ReportParts {
  readonly bundle: {
    readonly current: { readonly rootIds: readonly string[] } | undefined;
    onChange(listener: () => void): () => void;
  };
  readonly leaves: { summary(): AgentReport['leaves']; onChange(listener: () => void): () => void };
  readonly sidecars?: { summary(): SidecarSummary; onChange(listener: () => void): () => void };
  readonly identityRootId: () => string | undefined;
  readonly identityKeyId?: () => string | undefined;
  readonly version: string;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** What this agent says of itself with every heartbeat, and when it should say so before the next one is due. */
export class ReportSource {
  readonly #unsubscribe: (() => void)[];
  #timer: Timer | undefined;
  #toldAt: EpochMs | undefined;

  /** `onNews` is called when something changed, a moment after it did, so that several changes are told together. */
  constructor(
    private readonly parts: ReportParts,
    private readonly onNews: () => void,
  ) {
    const news = (): void => this.#gather();
    this.#unsubscribe = [parts.bundle, parts.leaves, ...(parts.sidecars ? [parts.sidecars] : [])].map((part) =>
      part.onChange(news),
    );
  }

  /** `clockOffsetMs`: how far our clock is ahead of the servers'. */
  collect(clockOffsetMs: number): AgentReport {
    const { bundle, leaves, sidecars, identityRootId, identityKeyId, version } = this.parts;
    const identity = identityRootId();
    const keyId = identityKeyId?.();
    return {
      bundle: [...(bundle.current?.rootIds ?? [])],
      ...(identity !== undefined && { identityRootId: identity }),
      ...(keyId !== undefined && { identityKeyId: keyId }),
      leaves: leaves.summary(),
      ...(sidecars?.summary() ?? NO_SIDECARS),
      clockOffsetMs,
      version,
    };
  }

  stop(): void {
    this.#timer?.clear();
    for (const end of this.#unsubscribe) end();
  }

  #gather(): void {
    if (this.#timer !== undefined) return;
    const sinceMs = this.#toldAt === undefined ? LEAST_GAP_MS : Math.abs(this.parts.clock.now() - this.#toldAt);
    this.#timer = this.parts.timers.set(Math.max(GATHER_MS, LEAST_GAP_MS - sinceMs), () => {
      this.#timer = undefined;
      this.#toldAt = this.parts.clock.now();
      this.onNews();
    });
  }
}
