import type { AgentReport, Shadow, ShadowFailure } from './agent-report.js';

const MOST_FAILURES = 20;

/**
 * The shadow counts of many agents. What was compared against another root than the one that signs now is of an earlier
 * question and does not count. The root is named only when every host with sidecars compares against it: else the counts
 * say nothing of those others.
 */
export const mergeShadow = (reports: readonly AgentReport[], signingRootId: string | undefined): Shadow => {
  const merged = { checked: 0, failed: 0, probed: 0 };
  const failures: ShadowFailure[] = [];
  let comparing = 0;
  let silent = 0;
  for (const { shadow, sidecars } of reports) {
    if (shadow.rootId === undefined || shadow.rootId !== signingRootId) {
      if (sidecars.total > 0) silent += 1;
      continue;
    }
    comparing += 1;
    merged.checked += shadow.checked;
    merged.failed += shadow.failed;
    merged.probed += shadow.probed;
    failures.push(...shadow.failures);
  }
  const named = comparing > 0 && silent === 0 && signingRootId !== undefined;
  return {
    ...merged,
    ...(named && { rootId: signingRootId }),
    failures: failures.toSorted((a, b) => b.lastAt - a.lastAt || b.count - a.count).slice(0, MOST_FAILURES),
  };
};
