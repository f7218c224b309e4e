import { describeBlockers } from './blocker.js';
import { seen, stepOver } from './gated-steps.js';
import { iso } from './gates/verdict.js';
import { denialBlockers, keyNeeds } from './gates/key.js';
import { denialOf } from './key-denial.js';
import { enters, noted, refused, type Step, stays } from './moves.js';
import { isCompromise } from './rotation.js';

/** Leaves that are left behind stay good until they end: nothing is taken from them. */
export const advanceKey: Step<'advance'> = (rotation, event) =>
  isCompromise(rotation)
    ? refused('retire denies the compromised key now, and says who breaks')
    : stepOver(rotation, event);

/** Denies the compromised key before its deadline. */
export const denyNow: Step<'retire'> = (rotation, event) => {
  if (!isCompromise(rotation)) return refused('the former key is destroyed already, and not compromised');
  const needs = keyNeeds(rotation, event.look.datacenters, event.at);
  const signing = needs.find(({ reason }) => reason === 'signing');
  if (signing !== undefined) return refused(`${signing.datacenter}: ${signing.detail}; waive it by name, or wait`);
  const [full] = denialBlockers(rotation, event.look);
  if (full !== undefined) return refused(full.detail);
  const broken = needs.length === 0 ? 'nobody needed it' : `what may break: ${describeBlockers(needs)}`;
  return enters(seen(rotation, event.look, event.at), event, {
    to: 'completed',
    text: `the former key is denied at once; ${broken}${event.reason === undefined ? '' : `: ${event.reason}`}`,
    effects: denialOf(rotation),
  });
};

/** The key turned out to be in wrong hands: it is denied at the end, and there is a deadline. */
export const taintKey: Step<'taint'> = (rotation, event) => {
  if (isCompromise(rotation)) return refused('it replaces a compromised key already');
  const text = `the former key is compromised and is denied by ${iso(event.deadlineAt)}: ${event.reason}`;
  return stays({ ...noted(rotation, event, text), reason: 'compromise', deadlineAt: event.deadlineAt });
};

/** A change of the root brings the datacenter another key again, made under this rotation or after it. */
export const besideRoot: Step<'take-over'> = (rotation, event) =>
  stays(noted(rotation, event, `rotation ${event.rotationId} replaces the root; this one goes on`));
