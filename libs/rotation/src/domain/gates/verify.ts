import type { Look } from '../event.js';
import { isCompromise, isOnlyRetiring, type Rotation, rootsOf } from '../rotation.js';
import { isWaived } from '../waiver.js';
import { shadowFinding } from './shadow.js';
import { type Gate, iso, phaseBegan, type Verdict } from './verdict.js';
import { mayLive, whoNeeds } from './who-needs.js';

/** For the length of the window no handshake anywhere has needed the previous root, and everybody is looking. */
export const verifyGate: Gate = (rotation, look, now) => {
  if (everyLeafHasEnded(rotation, look, now)) return ended;
  const { blockers, cleanSince } = shadowFinding(rotation, look, now);
  const waitsUntil = cleanSince + rotation.policy.verifyWindowMs;
  if (blockers.length > 0) return { met: false, blockers };
  return now >= waitsUntil
    ? { met: true, blockers, because: 'no handshake needed the previous root for the whole window' }
    : { met: false, blockers, waitsUntil };
};

/**
 * Nobody needs the previous root, as before and still; the grace is over, or every leaf under it has ended by its recorded
 * horizon. Roots leave oldest first. For a compromised root the deadline decides, and there is no grace.
 */
export const retireGate: Gate = (rotation, look, now) => {
  const needs = needsOfLeaving(rotation, look, now);
  const { deadlineAt } = rotation;
  if (isCompromise(rotation) && deadlineAt !== undefined) {
    if (needs.length === 0) return { met: true, blockers: needs, because: 'nobody needs the compromised root' };
    return now >= deadlineAt
      ? { met: true, blockers: needs, because: `the deadline ${iso(deadlineAt)} has passed` }
      : { met: false, blockers: needs, waitsUntil: deadlineAt };
  }
  const earlier = look.earlier.map((id) => earlierBlocker(look, id));
  const waitsUntil = phaseBegan(rotation) + rotation.policy.retireGraceMs;
  // A primary that was restored has lost the horizon of its own leaves, and the grace of such a root is a leaf's life.
  const isTold = !isOnlyRetiring(rotation) || now >= waitsUntil;
  if (isTold && everyLeafHasEnded(rotation, look, now) && needs.length === 0 && earlier.length === 0) return ended;
  const blockers = [...needs, ...shadowFinding(rotation, look, now).blockers, ...earlier];
  if (blockers.length > 0) return { met: false, blockers };
  return now >= waitsUntil
    ? { met: true, blockers, because: 'nobody needs the previous root and the grace is over' }
    : { met: false, blockers, waitsUntil };
};

/** Who would break if the root that is to go were gone now. A later root may carry them by then. */
export const needsOfLeaving = (rotation: Rotation, look: Look, now: number) => {
  const { leaving } = rootsOf(rotation);
  return whoNeeds(look.datacenters, {
    leaving: (rootId) => rootId === leaving,
    staying: look.activeRootId,
    since: rotation.startedAt.activate ?? rotation.createdAt,
    now,
    waivers: rotation.waivers,
  });
};

const ended: Verdict = {
  met: true,
  blockers: [],
  because: 'every leaf under the previous root has ended by its horizon',
};

/** Every datacenter has said, since it signs under another root, until when its leaves live, and that has passed. */
const everyLeafHasEnded = (rotation: Rotation, look: Look, now: number): boolean => {
  const { leaving } = rootsOf(rotation);
  const since = rotation.startedAt.activate ?? rotation.createdAt;
  return look.datacenters
    .filter(({ datacenter }) => !isWaived(rotation.waivers, datacenter))
    .every(({ adoption, reportedAt = 0 }) => {
      if (adoption?.signingRootId === undefined || reportedAt <= since) return false;
      if (adoption.signingRootId === leaving) return false;
      const { leaves, identities, ledgerLeaves } = adoption;
      const known = (leaves[leaving] ?? 0) + (identities[leaving] ?? 0) + (ledgerLeaves[leaving] ?? 0);
      // Without a horizon it never signed a leaf under the root; a leaf that is known all the same is believed.
      return adoption.horizons[leaving] === undefined ? known === 0 : !mayLive(adoption, leaving, now);
    });
};

const earlierBlocker = ({ datacenters }: Look, id: string) =>
  ({
    datacenter: datacenters.find(({ isPrimary }) => isPrimary)?.datacenter ?? '',
    reason: 'earlier-rotation',
    detail: `the root of rotation ${id} has to leave first`,
  }) as const;
