import type { SidecarReport, SidecarSummary } from '@banyan/adoption';
import { type Clock, contentHash, type EpochMs } from '@banyan/kernel';
import { type HostFacts, summarizeSidecars } from '../domain/summarize-sidecars.js';

/** A sidecar repeats itself every 10 s: one that was not heard for six times as long has gone. */
const KEPT_MS = 60_000;
/** More sidecars than this on one host are not remembered: the one that was heard longest ago goes first. */
const MOST_REPORTS = 4_096;

/** What {@link SidecarReports} needs. */
export interface SidecarReportsOptions {
  readonly clock: Clock;
  /** The active root, while others are in the bundle beside it. */
  readonly comparedRootId: () => string | undefined;
  readonly leafRoots: HostFacts['leafRoots'];
  /** Whether a proxy or service with this ID is registered with this agent. */
  readonly isRegistered: (id: string) => boolean;
}

/** What the sidecars of this host last said, in memory only. */
export class SidecarReports {
  readonly #reports = new Map<
    string,
    { readonly report: SidecarReport; readonly at: EpochMs; readonly hash: string }
  >();
  readonly #listeners = new Set<() => void>();

  constructor(private readonly options: SidecarReportsOptions) {}

  take(id: string, report: SidecarReport): void {
    const previous = this.#reports.get(id);
    const hash = materialHash(report);
    this.#reports.delete(id);
    this.#reports.set(id, { report, at: this.options.clock.now(), hash });
    if (this.#reports.size > MOST_REPORTS) this.#reports.delete(this.#reports.keys().next().value!);
    if (previous?.hash !== hash) for (const listener of this.#listeners) listener();
  }

  /** Of the sidecars that are registered and were heard within the last minute. */
  summary(): SidecarSummary {
    const after = this.options.clock.now() - KEPT_MS;
    for (const [id, { at }] of this.#reports) {
      if (at < after || !this.options.isRegistered(id)) this.#reports.delete(id);
    }
    const { comparedRootId, leafRoots } = this.options;
    const reports = [...this.#reports.values()].map(({ report }) => report);
    return summarizeSidecars(reports, { comparedRootId: comparedRootId(), leafRoots });
  }

  /** Calls `listener` when a report says more than further counts; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** What a gate of a rotation may hang on. Counts grow with every connection and are told at leisure. */
const materialHash = ({ service, bundle, leaf, shadow, handshakes }: SidecarReport): string =>
  contentHash({
    service,
    bundle,
    leaf: leaf.rootId ?? '',
    roots: Object.keys(handshakes).toSorted(),
    shadow: {
      rootId: shadow.rootId ?? '',
      any: shadow.checked > 0,
      failed: shadow.failed,
      peers: shadow.failures.map(({ peer, direction }) => [peer, direction]),
    },
  });
