import type { DatacenterAdoption, Laggard } from '@banyan/adoption';
import { type Blocker, UNNAMED_AGENTS } from '../blocker.js';
import { isAgentWaived, type Waiver } from '../waiver.js';
import { iso } from './verdict.js';

const blockerOf = (datacenter: string, { node, reason, detail, seenAt }: Laggard): Blocker => ({
  datacenter,
  node,
  reason,
  // Seconds that count up would make every look a change.
  detail: reason === 'offline' ? `offline since ${iso(seenAt)}` : detail,
});

/** Live agents that do not verify with `rootId`, by name as far as the datacenter names them. Waived ones do not count. */
export const agentsNotTrusting = (
  { datacenter, agents, laggards }: DatacenterAdoption,
  rootId: string,
  waivers: readonly Waiver[],
): readonly Blocker[] => {
  const missing = agents.live - (agents.trusting[rootId] ?? 0);
  const named = laggards.filter(({ live, lacks }) => live && lacks.includes(rootId));
  const blockers = named
    .filter(({ node }) => !isAgentWaived(waivers, datacenter, node))
    .map((laggard) => blockerOf(datacenter, laggard));
  const unnamed = missing - named.length;
  if (unnamed <= 0 || isAgentWaived(waivers, datacenter, UNNAMED_AGENTS)) return blockers;
  const detail = `${unnamed} live agents do not verify with the root yet`;
  return [...blockers, { datacenter, node: UNNAMED_AGENTS, reason: 'pending', detail }];
};

/** The sum over the roots for which `counts` holds. */
export const sumOver = (amounts: Readonly<Record<string, number>>, counts: (rootId: string) => boolean): number =>
  Object.entries(amounts).reduce((sum, [rootId, amount]) => (counts(rootId) ? sum + amount : sum), 0);

/**
 * Who has live certificates under the roots that are to go: leaves by the agents' last reports, offline ones included, and
 * by the ledger, which knows holders that no agent reports; and live agents' own. `lives` leaves out what its horizon says
 * has ended.
 */
export const leavesBehind = (
  { datacenter, leaves, identities, ledgerLeaves, laggards }: DatacenterAdoption,
  lives: (rootId: string) => boolean,
  waivers: readonly Waiver[],
): readonly Blocker[] => {
  const isBehind = ({ identityRootId }: Laggard): boolean => identityRootId !== undefined && lives(identityRootId);
  const named = laggards.filter((laggard) => isBehind(laggard) || sumOver(laggard.leaves, lives) > 0);
  const blockers = named
    .filter(({ node }) => !isAgentWaived(waivers, datacenter, node))
    .map((laggard) => blockerOf(datacenter, laggard));
  if (isAgentWaived(waivers, datacenter, UNNAMED_AGENTS)) return blockers;
  // Holders that a named agent accounts for are named by it, or waived with it.
  const namedLeaves = named.reduce((sum, laggard) => sum + sumOver(laggard.leaves, lives), 0);
  const unnamed = [
    { reason: 'leaves', amount: sumOver(leaves, lives) - namedLeaves, of: 'leaves of agents that are not named' },
    { reason: 'ledger', amount: sumOver(ledgerLeaves, lives) - namedLeaves, of: 'holders by the ledger' },
    {
      reason: 'pending',
      amount: sumOver(identities, lives) - named.filter(isBehind).length,
      of: 'agents that are not named',
    },
  ] as const;
  const node = UNNAMED_AGENTS;
  return [
    ...blockers,
    ...unnamed
      .filter(({ amount }) => amount > 0)
      .map(({ reason, amount, of }) => ({ datacenter, node, reason, detail: `${amount} ${of}` })),
  ];
};
