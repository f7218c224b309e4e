import type { DatacenterEvidence } from '../../ports/adoption-evidence.js';
import type { Blocker } from '../blocker.js';
import { isCompromise, type Rotation, rootsOf } from '../rotation.js';
import { isWaived } from '../waiver.js';
import { agentsNotTrusting } from './agents-behind.js';
import { type Gate, iso, phaseBegan, REPORT_STALE_MS } from './verdict.js';

/**
 * Everybody trusts the next root, and every datacenter can sign under it at once: its servers hold it and have staged an
 * intermediate, every live agent verifies with it. Where the next root is cross-signed, a bounded wait is enough. For a
 * compromised root only those who can be reached are waited for, and nobody beyond the deadline.
 */
export const distributeGate: Gate = (rotation, { datacenters }, now) => {
  const { staying } = rootsOf(rotation);
  const asked = datacenters.filter(({ datacenter }) => !isWaived(rotation.waivers, datacenter));
  const blockers = asked.flatMap((evidence) => notReady(evidence, { rotation, rootId: staying }));
  if (blockers.length === 0) return { met: true, blockers, because: 'everybody trusts the next root' };
  return isCompromise(rotation)
    ? underDeadline(rotation, { blockers, asked }, now)
    : coveredByCrossSigning(rotation, blockers, now);
};

const notReady = (
  { datacenter, adoption }: DatacenterEvidence,
  { rotation, rootId }: { readonly rotation: Rotation; readonly rootId: string },
): readonly Blocker[] => {
  if (adoption === undefined) return [{ datacenter, reason: 'unreported', detail: 'it never reported' }];
  if (!adoption.bundle.includes(rootId)) {
    return [{ datacenter, reason: 'root-missing', detail: 'its servers do not hold the next root yet' }];
  }
  const staged = adoption.stagedRootId === rootId || adoption.signingRootId === rootId;
  return [
    ...(staged
      ? []
      : [{ datacenter, reason: 'not-staged', detail: 'it has no intermediate under the next root yet' } as const]),
    ...agentsNotTrusting({ ...adoption, datacenter }, rootId, rotation.waivers),
  ];
};

const coveredByCrossSigning = (rotation: Rotation, blockers: readonly Blocker[], now: number) => {
  if (!rotation.crossSigned) return { met: false, blockers };
  const over = phaseBegan(rotation) + rotation.policy.distributeWaitMs;
  return now >= over
    ? { met: true, blockers, because: 'the wait is over and the cross-signed certificate covers the rest' }
    : { met: false, blockers, waitsUntil: over };
};

const underDeadline = (
  { deadlineAt = 0 }: Rotation,
  { blockers, asked }: { readonly blockers: readonly Blocker[]; readonly asked: readonly DatacenterEvidence[] },
  now: number,
) => {
  if (now >= deadlineAt) return { met: true, blockers, because: `the deadline ${iso(deadlineAt)} has passed` };
  const reachable = new Set(
    asked.filter(({ reportedAt = 0 }) => now - reportedAt <= REPORT_STALE_MS).map(({ datacenter }) => datacenter),
  );
  return blockers.some(({ datacenter }) => reachable.has(datacenter))
    ? { met: false, blockers, waitsUntil: deadlineAt }
    : { met: true, blockers, because: 'everybody who can be reached trusts the next root' };
};
