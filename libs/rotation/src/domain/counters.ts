import { sumOver } from './gates/agents-behind.js';
import type { Look } from './event.js';
import { type DatacenterCounters, type Rotation, rootsOf } from './rotation.js';

/** What a look found in each datacenter, as numbers: what stays, and everything else. */
export const countersOf = (rotation: Rotation, { datacenters }: Look): DatacenterCounters[] => {
  const { staying } = rootsOf(rotation);
  const split = (amounts: Readonly<Record<string, number>>) => ({
    staying: amounts[staying] ?? 0,
    leaving: sumOver(amounts, (rootId) => rootId !== staying),
  });
  return datacenters.map(({ datacenter, adoption }) => {
    if (adoption === undefined) return { datacenter, ...NOTHING };
    const { bundle, stagedRootId, signingRootId, agents, leaves, ledgerLeaves, shadow } = adoption;
    return {
      datacenter,
      reported: true,
      holdsRoot: bundle.includes(staying),
      staged: stagedRootId === staying || signingRootId === staying,
      ...(signingRootId !== undefined && { signingRootId }),
      agents: { total: agents.total, live: agents.live, trusting: agents.trusting[staying] ?? 0 },
      leaves: split(leaves),
      ledgerLeaves: split(ledgerLeaves),
      shadow: { ...(shadow.rootId !== undefined && { rootId: shadow.rootId }), failed: shadow.failed },
    };
  });
};

const NOTHING = {
  reported: false,
  holdsRoot: false,
  staged: false,
  agents: { total: 0, live: 0, trusting: 0 },
  leaves: { staying: 0, leaving: 0 },
  ledgerLeaves: { staying: 0, leaving: 0 },
  shadow: { failed: 0 },
};
