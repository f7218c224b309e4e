import { describeBlockers } from './blocker.js';
import { seen, stepOver, wayOn } from './gated-steps.js';
import { iso } from './gates/verdict.js';
import { needsOfLeaving } from './gates/verify.js';
import { enters, noted, type Outcome, refused, type Step, stays } from './moves.js';
import { isCompromise, isOnlyRetiring, type Rotation, rootsOf } from './rotation.js';
import { MOST_WAIVERS } from './waiver.js';

const because = (text: string, reason: string | undefined): string =>
  reason === undefined ? text : `${text}: ${reason}`;

/** Gates are looked at, and lead nowhere until it is resumed. */
export const pause: Step<'pause'> = (rotation, event) =>
  rotation.health === 'paused'
    ? refused('it is paused already')
    : stays({ ...noted(rotation, event, because('paused', event.reason)), health: 'paused' });

/** Gates lead on again. */
export const resume: Step<'resume'> = (rotation, event) =>
  rotation.health === 'paused'
    ? stays({ ...noted(rotation, event, because('resumed', event.reason)), health: 'running' })
    : refused('it is not paused');

/** Waits no longer for a datacenter or an agent, in this phase and all later ones. */
export const waive: Step<'waive'> = (rotation, event) => {
  if (rotation.waivers.length >= MOST_WAIVERS) {
    return refused(`it has ${MOST_WAIVERS} waivers: waive all agents of the datacenter by the node *`);
  }
  const { datacenter, node, reason, by, at } = event;
  const waivers = [...rotation.waivers, { datacenter, ...(node !== undefined && { node }), reason, by, at }];
  const whom = node === undefined ? `datacenter ${datacenter}` : `${datacenter}/${node}`;
  return stays({ ...noted(rotation, event, `no longer waits for ${whom}: ${reason}`), waivers });
};

/** Nothing was made or published. */
export const leaveUnmade: Step<'rollback'> = (rotation, event) =>
  enters(rotation, event, { to: 'rolled-back', text: because('rolled back before a root was made', event.reason) });

/** The next root is trusted, but nobody signs leaves under it. */
export const dropStaged: Step<'rollback'> = (rotation, event) =>
  enters(rotation, event, {
    to: 'rolled-back',
    text: because('rolled back before anybody signed under the next root', event.reason),
    effects: [{ kind: 'drop', rootId: rootsOf(rotation).staying }],
  });

/** The previous root is still in every bundle: signing goes back to it, and leaves follow. */
export const rollBack: Step<'rollback'> = (rotation, event) => {
  const { staying, leaving } = rootsOf(rotation);
  const [newest] = event.look.later.toReversed();
  if (isCompromise(rotation)) return refused('the previous root is compromised: there is no way back to it');
  if (isOnlyRetiring(rotation)) return refused('nothing was rotated: it only leads a root to its end');
  if (newest !== undefined) return refused(`rotation ${newest} started later: roll it back first`);
  if (event.look.activeRootId !== staying) return refused('its root is no longer the active one');
  const looked = seen(rotation, event.look, event.at);
  return enters(looked, event, {
    to: 'rolling-back',
    text: because('signing goes back to the previous root', event.reason),
    effects: [{ kind: 'reactivate', rootId: leaving, insteadOf: staying }],
  });
};

/** Safe to step over only because peers that know just the previous root accept the next one's chains. */
export const advanceDistribute: Step<'advance'> = (rotation, event) =>
  rotation.crossSigned || isCompromise(rotation)
    ? stepOver(rotation, event)
    : refused('the next root is not cross-signed, so whoever does not trust it would break: waive them by name');

/** The previous root stays in every bundle until the end of `retire`, which looks at everything again. */
export const advanceReversible: Step<'advance'> = stepOver;

/** The root that is to go leaves now; who still needs it is in the journal. */
export const retireNow: Step<'retire'> = (rotation, event) => {
  const looked = seen(rotation, event.look, event.at);
  const needs = needsOfLeaving(looked, event.look, event.at);
  const signing = needs.find(({ reason }) => reason === 'signing');
  const [earlier] = event.look.earlier;
  if (!isCompromise(rotation)) {
    if (signing !== undefined) return refused(`${signing.datacenter}: ${signing.detail}; waive it by name, or wait`);
    if (earlier !== undefined) return refused(`the root of rotation ${earlier} has to leave first`);
  }
  const broken = needs.length === 0 ? 'nobody needed it' : `what may break: ${describeBlockers(needs)}`;
  return enters(looked, event, {
    to: rotation.phase === 'rolling-back' ? 'rolled-back' : 'completed',
    text: because(`the root left at once; ${broken}`, event.reason),
    effects: [{ kind: 'drop', rootId: rootsOf(rotation).leaving }],
  });
};

/** Before leaves have moved only a compromised root may leave. */
export const retireCompromised: Step<'retire'> = (rotation, event) =>
  isCompromise(rotation)
    ? retireNow(rotation, event)
    : refused('live leaves are still moving: advance past this gate first, or wait');

/** The root that is to go turned out to be in wrong hands: no proof, no grace, no way back, and a deadline. */
export const taintLeaving: Step<'taint'> = (rotation, event) => {
  const text = `root ${rootsOf(rotation).leaving} is compromised and leaves by ${iso(event.deadlineAt)}: ${event.reason}`;
  const tainted: Rotation = { ...rotation, reason: 'compromise', deadlineAt: event.deadlineAt };
  return rotation.phase === 'verify'
    ? enters(tainted, event, { to: wayOn(rotation).to, text })
    : stays(noted(tainted, event, text));
};

/** Rolled out by the compromise of the root that was to come: nobody signs under it yet. */
export const taintStaged: Step<'taint'> = (rotation, event) =>
  enters(rotation, event, {
    to: 'rolled-back',
    text: `the next root is compromised: ${event.reason}`,
    effects: [{ kind: 'drop', rootId: rootsOf(rotation).staying }],
  });

/** The active root is compromised, and another rotation replaces it: what this one staged is in its way. */
export const giveWay: Step<'take-over'> = (rotation, event) =>
  enters(rotation, event, {
    to: 'rolled-back',
    text: `gave way to rotation ${event.rotationId}`,
    ...dropped(rotation),
  });

const dropped = (rotation: Rotation) =>
  rotation.phase === 'distribute' ? { effects: [{ kind: 'drop', rootId: rootsOf(rotation).staying } as const] } : {};

/** Its root is being replaced before everybody moved to it; all that is left is the end of the root before that. */
export const onlyRetire: Step<'take-over'> = (rotation, event) =>
  enters(rotation, event, {
    to: 'retire',
    text: `rotation ${event.rotationId} replaces the root; only the end of the previous one is waited for`,
  });

/** Leaves have moved already, so another rotation is in nobody’s way. */
export const undisturbed: Step<'take-over'> = (rotation, event): Outcome =>
  stays(noted(rotation, event, `rotation ${event.rotationId} replaces the active root; this one goes on`));
