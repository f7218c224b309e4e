import { sumOver } from './gates/agents-behind.js';
import { keyOf } from './key-scope.js';
import type { Look } from './event.js';
import { type DatacenterCounters, type Rotation, rootsOf } from './rotation.js';

/** What a look found in each datacenter, as numbers: what stays, and everything else. */
export const countersOf = (rotation: Rotation, look: Look): DatacenterCounters[] =>
  keyOf(rotation) === undefined ? rootCounters(rotation, look) : keyCounters(rotation, look);

const split = (amounts: Readonly<Record<string, number>>, leaving: number) => ({
  staying: Math.max(0, sumOver(amounts, () => true) - leaving),
  leaving,
});

/** The one datacenter, by what is under its present key and under former ones. */
const keyCounters = (rotation: Rotation, { datacenters }: Look): DatacenterCounters[] => {
  const datacenter = keyOf(rotation)?.datacenter ?? '';
  const adoption = datacenters.find((each) => each.datacenter === datacenter)?.adoption;
  const key = adoption?.key;
  if (adoption === undefined || key === undefined) return [{ datacenter, ...NOTHING }];
  const { signingRootId, agents, leaves, ledgerLeaves } = adoption;
  const moves = key.rotationId === rotation.id;
  const trusting = signingRootId === undefined ? 0 : (agents.trusting[signingRootId] ?? 0);
  // Before it signs with the next key everything is under the former one.
  const under = (amounts: Readonly<Record<string, number>>, leaving: number) =>
    split(amounts, moves ? leaving : sumOver(amounts, () => true));
  return [
    {
      datacenter,
      reported: true,
      holdsRoot: true,
      staged: moves || key.stagedFor === rotation.id,
      ...(signingRootId !== undefined && { signingRootId }),
      agents: { total: agents.total, live: agents.live, trusting },
      leaves: under(leaves, key.leaving.leaves),
      ledgerLeaves: under(ledgerLeaves, key.leaving.ledgerLeaves),
      shadow: { failed: 0 },
    },
  ];
};

const rootCounters = (rotation: Rotation, { datacenters }: Look): DatacenterCounters[] => {
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
