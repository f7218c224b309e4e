import type { DatacenterAdoption, Laggard } from '@banyan/adoption';
import type { DatacenterEvidence } from '../../ports/adoption-evidence.js';
import { type Blocker, deniedKeysFull, UNNAMED_AGENTS } from '../blocker.js';
import type { Look } from '../event.js';
import { getKey } from '../key-scope.js';
import { isCompromise, type Rotation } from '../rotation.js';
import { isAgentWaived, isWaived } from '../waiver.js';
import { type Gate, iso, phaseBegan, REPORT_STALE_MS, type Verdict } from './verdict.js';

type Key = NonNullable<DatacenterAdoption['key']>;

/** The datacenter has made its next key, the primary has signed it, and it was proved there; nobody signs with it yet. */
export const keyStagedGate: Gate = (rotation, look, now) =>
  decided(rotation, now, {
    blockers: ofDatacenter(rotation, look.datacenters, now, ({ datacenter }, key) =>
      key.stagedFor === rotation.id || key.rotationId === rotation.id
        ? []
        : [{ datacenter, reason: 'not-staged', detail: 'its next key is not made and signed yet' }],
    ),
    because: 'the next key is made, signed and proved',
  });

/**
 * The datacenter signs with its next key, and no live leaf is under a former one: by the agents' reports and by the ledger. A
 * compromised key ends with its denial: without room for that not even the deadline ends the rotation.
 */
export const keyAdoptedGate: Gate = (rotation, look, now) => {
  const blockers = keyNeeds(rotation, look.datacenters, now);
  const full = denialBlockers(rotation, look);
  if (full.length > 0) return { met: false, blockers: [...full, ...blockers] };
  return decided(rotation, now, { blockers, because: 'every live leaf of the datacenter is under its next key' });
};

/** What is in the way of denying the compromised key. */
export const denialBlockers = (
  rotation: Rotation,
  { deniedKeysFull: isFull, datacenters }: Look,
): readonly Blocker[] => {
  if (isFull !== true || !isCompromise(rotation)) return [];
  return [deniedKeysFull(datacenters.find(({ isPrimary }) => isPrimary)?.datacenter ?? '')];
};

/** Who would break if the former key were believed no more. */
export const keyNeeds = (
  rotation: Rotation,
  datacenters: readonly DatacenterEvidence[],
  now: number,
): readonly Blocker[] =>
  ofDatacenter(rotation, datacenters, now, (adoption, key) =>
    key.rotationId === rotation.id
      ? underFormerKeys(rotation, adoption, key)
      : [{ datacenter: adoption.datacenter, reason: 'signing', detail: 'it still signs with the former key' }],
  );

const decided = (
  rotation: Rotation,
  now: number,
  { blockers, because }: { readonly blockers: readonly Blocker[]; readonly because: string },
): Verdict => {
  if (blockers.length === 0) return { met: true, blockers, because };
  const { deadlineAt } = rotation;
  if (!isCompromise(rotation) || deadlineAt === undefined) return { met: false, blockers };
  return now >= deadlineAt
    ? { met: true, blockers, because: `the deadline ${iso(deadlineAt)} has passed` }
    : { met: false, blockers, waitsUntil: deadlineAt };
};

/** Asks the one datacenter of the rotation, if it has said something since the phase began. */
const ofDatacenter = (
  rotation: Rotation,
  datacenters: readonly DatacenterEvidence[],
  now: number,
  ask: (adoption: DatacenterAdoption, key: Key) => readonly Blocker[],
): readonly Blocker[] => {
  const { datacenter } = getKey(rotation);
  if (isWaived(rotation.waivers, datacenter)) return [];
  const { adoption, reportedAt } = datacenters.find((each) => each.datacenter === datacenter) ?? {};
  if (adoption === undefined || reportedAt === undefined) {
    return [{ datacenter, reason: 'unreported', detail: 'it never reported' }];
  }
  const since = phaseBegan(rotation);
  if (reportedAt <= since) {
    // For a while that is the way a report takes, and nothing to look at.
    const reason = now - since > REPORT_STALE_MS ? 'unreported' : 'pending';
    return [{ datacenter, reason, detail: `it has not reported since ${iso(since)}` }];
  }
  if (adoption.key === undefined) {
    return [
      { datacenter, reason: 'version', detail: 'it does not say which key it signs with: it is of an older version' },
    ];
  }
  return ask(adoption, adoption.key);
};

const underFormerKeys = (
  { waivers }: Rotation,
  { datacenter, laggards }: DatacenterAdoption,
  { leaving }: Key,
): readonly Blocker[] => {
  const named = laggards.filter(({ leavingKey }) => leavingKey !== undefined);
  const blockers = named
    .filter(({ node }) => !isAgentWaived(waivers, datacenter, node))
    .map((laggard): Blocker => ({ datacenter, ...wordsOf(laggard) }));
  if (isAgentWaived(waivers, datacenter, UNNAMED_AGENTS)) return blockers;
  // Holders that a named agent accounts for are named by it, or waived with it.
  const namedLeaves = named.reduce((sum, { leavingKey }) => sum + (leavingKey?.leaves ?? 0), 0);
  const namedIdentities = named.filter(({ leavingKey }) => leavingKey?.identity === true).length;
  const unnamed = [
    { reason: 'leaves', amount: leaving.leaves - namedLeaves, of: 'leaves of agents that are not named' },
    { reason: 'ledger', amount: leaving.ledgerLeaves - namedLeaves, of: 'holders by the ledger' },
    { reason: 'pending', amount: leaving.identities - namedIdentities, of: 'agents that are not named' },
  ] as const;
  return [
    ...blockers,
    ...unnamed
      .filter(({ amount }) => amount > 0)
      .map(({ reason, amount, of }) => ({
        datacenter,
        node: UNNAMED_AGENTS,
        reason,
        detail: `${amount} ${of} are under the former key`,
      })),
  ];
};

const wordsOf = ({ node, reason, detail, seenAt }: Laggard) => ({
  node,
  reason,
  // Seconds that count up would make every look a change.
  detail: reason === 'offline' ? `offline since ${iso(seenAt)}` : detail,
});
