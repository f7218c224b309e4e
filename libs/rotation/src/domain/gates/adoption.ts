import { isCompromise, rootsOf } from '../rotation.js';
import { type Gate, iso, phaseBegan, type Verdict } from './verdict.js';
import { whoNeeds } from './who-needs.js';

/** Every datacenter signs under the next root, and every live leaf is under it: by the agents' reports and by the ledger. */
export const activateGate: Gate = (rotation, { datacenters }, now) => {
  const { staying } = rootsOf(rotation);
  const blockers = whoNeeds(datacenters, {
    leaving: (rootId) => rootId !== staying,
    staying,
    since: phaseBegan(rotation),
    now,
    waivers: rotation.waivers,
  });
  const { deadlineAt } = rotation;
  if (!isCompromise(rotation) || deadlineAt === undefined)
    return byBlockers(blockers, 'every live leaf is under the next root');
  return blockers.length > 0 && now >= deadlineAt
    ? { met: true, blockers, because: `the deadline ${iso(deadlineAt)} has passed` }
    : { ...byBlockers(blockers, 'every live leaf is under the next root'), waitsUntil: deadlineAt };
};

/**
 * The same the other way round, for the one root that is rolled out again; a deadline holds when it was tainted. Everybody
 * needs the root that is active, which is a later one when the root that was gone back to was compromised and has left.
 */
export const rollBackGate: Gate = (rotation, { datacenters, activeRootId }, now) => {
  const { leaving } = rootsOf(rotation);
  const blockers = whoNeeds(datacenters, {
    leaving: (rootId) => rootId === leaving,
    staying: activeRootId,
    since: phaseBegan(rotation),
    now,
    waivers: rotation.waivers,
  });
  const { deadlineAt } = rotation;
  if (deadlineAt === undefined) return byBlockers(blockers, 'no live leaf is under the root that is rolled out');
  return blockers.length > 0 && now >= deadlineAt
    ? { met: true, blockers, because: `the deadline ${iso(deadlineAt)} has passed` }
    : { ...byBlockers(blockers, 'no live leaf is under the root that is rolled out'), waitsUntil: deadlineAt };
};

const byBlockers = (blockers: Verdict['blockers'], because: string): Verdict =>
  blockers.length === 0 ? { met: true, blockers, because } : { met: false, blockers };
