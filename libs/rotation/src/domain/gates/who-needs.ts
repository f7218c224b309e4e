import type { DatacenterAdoption } from '@banyan/adoption';
import type { DatacenterEvidence } from '../../ports/adoption-evidence.js';
import { type Blocker, UNNAMED_AGENTS } from '../blocker.js';
import { isWaived, type Waiver } from '../waiver.js';
import { agentsNotTrusting, leavesBehind } from './agents-behind.js';
import { iso, REPORT_STALE_MS } from './verdict.js';

/** Which roots are to go, which one has to carry everybody then, and what counts as heard. */
export interface Need {
  readonly leaving: (rootId: string) => boolean;
  readonly staying: string;
  /** Reports from before this moment prove nothing. */
  readonly since: number;
  readonly now: number;
  readonly waivers: readonly Waiver[];
}

/** Leaves under `rootId` of this datacenter may still be alive. Without a recorded horizon they may live for ever. */
export const mayLive = ({ horizons }: DatacenterAdoption, rootId: string, now: number): boolean =>
  (horizons[rootId] ?? Number.POSITIVE_INFINITY) > now;

/**
 * Everybody who would break if the leaving roots were gone: a datacenter that was not heard, does not hold the staying
 * root, or signs under a leaving one; a live agent that does not verify with the staying root; whoever holds a leaf under
 * a leaving one that may still be alive. Empty: nobody needs them.
 */
export const whoNeeds = (datacenters: readonly DatacenterEvidence[], need: Need): readonly Blocker[] =>
  datacenters
    .filter(({ datacenter }) => !isWaived(need.waivers, datacenter))
    .flatMap((evidence) => needOf(evidence, need));

const needOf = ({ datacenter, adoption, reportedAt }: DatacenterEvidence, need: Need): readonly Blocker[] => {
  if (adoption === undefined || reportedAt === undefined) {
    return [{ datacenter, reason: 'unreported', detail: 'it never reported' }];
  }
  if (reportedAt <= need.since) {
    // For a while that is the way a report takes, and nothing to look at.
    const reason = need.now - need.since > REPORT_STALE_MS ? 'unreported' : 'pending';
    return [{ datacenter, reason, detail: `it has not reported since ${iso(need.since)}` }];
  }
  const said = { ...adoption, datacenter };
  const lives = (rootId: string): boolean => need.leaving(rootId) && mayLive(adoption, rootId, need.now);
  const distrustful = agentsNotTrusting(said, need.staying, need.waivers);
  const holders = leavesBehind(said, lives, need.waivers);
  return [
    ...serverNeeds(said, need),
    ...distrustful,
    // An agent that does not trust the root and holds leaves under another is one agent behind, named once.
    ...holders.filter(({ node }) => node === UNNAMED_AGENTS || !distrustful.some((blocker) => blocker.node === node)),
  ];
};

const serverNeeds = ({ datacenter, bundle, signingRootId }: DatacenterAdoption, need: Need): readonly Blocker[] => {
  if (!bundle.includes(need.staying)) {
    return [{ datacenter, reason: 'root-missing', detail: `its servers do not hold root ${need.staying} yet` }];
  }
  if (signingRootId === undefined) {
    return [{ datacenter, reason: 'signing', detail: 'it has no signing authority yet' }];
  }
  return need.leaving(signingRootId)
    ? [{ datacenter, reason: 'signing', detail: `it signs under root ${signingRootId}` }]
    : [];
};
