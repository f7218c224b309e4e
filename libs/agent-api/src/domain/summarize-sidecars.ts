import type { Shadow, SidecarReport, SidecarSummary } from '@banyan/adoption';

/** As many failing peers as an agent's report may name. */
const MOST_FAILURES = 20;

/** What the agent itself knows, to hold reports against. */
export interface HostFacts {
  /** The one root that the shadow trust store should hold; absent while the bundle holds a single root. */
  readonly comparedRootId: string | undefined;
  /** The roots above the agent's own present leaves for a service; empty when it has none. */
  readonly leafRoots: (service: string) => readonly string[];
}

/** All reports as one. Pure. */
export const summarizeSidecars = (reports: readonly SidecarReport[], facts: HostFacts): SidecarSummary => {
  const trusting: Record<string, number> = {};
  const handshakes: Record<string, { count: number; lastAt: number }> = {};
  for (const report of reports) {
    for (const rootId of new Set(report.bundle)) trusting[rootId] = (trusting[rootId] ?? 0) + 1;
    for (const [rootId, { count, lastAt }] of Object.entries(report.handshakes)) {
      const sum = handshakes[rootId];
      handshakes[rootId] = { count: (sum?.count ?? 0) + count, lastAt: Math.max(sum?.lastAt ?? 0, lastAt) };
    }
  }
  return {
    sidecars: { total: reports.length, trusting },
    staleSidecars: reports.filter((report) => isStale(report, facts)).length,
    handshakes,
    shadow: mergeShadows(reports, facts.comparedRootId),
  };
};

/** It presents a leaf under another root than the agent has for its service: it has not fetched, or not taken, that one. */
const isStale = ({ service, leaf }: SidecarReport, { leafRoots }: HostFacts): boolean => {
  const present = leafRoots(service);
  return present.length > 0 && (leaf.rootId === undefined || !present.includes(leaf.rootId));
};

/**
 * Only what was compared against the root in question counts. The root is named when all sidecars compare against it:
 * else the counts say nothing of those that do not yet.
 */
const mergeShadows = (reports: readonly SidecarReport[], rootId: string | undefined): Shadow => {
  const comparing = reports.filter(({ shadow }) => rootId !== undefined && shadow.rootId === rootId);
  const sum = (of: (shadow: Shadow) => number): number => comparing.reduce((all, { shadow }) => all + of(shadow), 0);
  const failures = comparing.flatMap(({ service, shadow }) =>
    // A token speaks for its own service only.
    shadow.failures.map((failure) => ({ ...failure, service })),
  );
  const merged: Shadow = {
    checked: sum(({ checked }) => checked),
    failed: sum(({ failed }) => failed),
    probed: sum(({ probed }) => probed),
    failures: failures.toSorted((a, b) => b.lastAt - a.lastAt || b.count - a.count).slice(0, MOST_FAILURES),
  };
  if (rootId !== undefined && comparing.length > 0 && comparing.length === reports.length) merged.rootId = rootId;
  return merged;
};
