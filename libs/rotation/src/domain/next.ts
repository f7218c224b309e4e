import { BanyanError } from '@banyan/kernel';
import { type EventKind, type RotationEvent, VERBS, type Verb } from './event.js';
import { lookAtGate } from './gated-steps.js';
import { enters, judged, type Outcome, refused, type Step, stays } from './moves.js';
import {
  advanceDistribute,
  advanceReversible,
  dropStaged,
  giveWay,
  leaveUnmade,
  onlyRetire,
  pause,
  resume,
  retireCompromised,
  retireNow,
  rollBack,
  taintLeaving,
  taintStaged,
  undisturbed,
  waive,
} from './person-steps.js';
import { advanceKey, besideRoot, denyNow, taintKey } from './key-steps.js';
import { keyOf } from './key-scope.js';
import type { Phase } from './phase.js';
import { isCompromise, isOnlyRetiring, type Rotation } from './rotation.js';

/** A cell is what the event does, or why it is not possible in this phase. */
type Cell<K extends EventKind> = Step<K> | string;
type Row = { readonly [K in EventKind]: Cell<K> };

const publish: Step<'prepared'> = (rotation, event) => {
  const { rootId, previousRootId, crossSigned, bundleBytes, chainBytes } = event;
  if (rotation.health === 'paused') return refused('it is paused');
  if (isCompromise(rotation) && crossSigned) return refused('a compromised root never vouches for the next one');
  const made: Rotation = { ...rotation, rootId, previousRootId, crossSigned, growth: { bundleBytes, chainBytes } };
  const text = `root ${rootId} is made and proved${crossSigned ? ', cross-signed' : ', not cross-signed'}; everybody is to trust it`;
  return enters(made, event, { to: 'distribute', text, effects: [{ kind: 'publish', rootId }] });
};

const delay: Step<'prepare-delayed'> = (rotation, event) => {
  const { datacenter, reason } = event;
  const blockers = [{ datacenter, reason: 'provider', detail: reason.slice(0, 1_024) } as const];
  return stays(judged(rotation, event, { met: false, blockers }));
};

const fail: Step<'prepare-failed'> = (rotation, event) => {
  const { code, reason } = event;
  return enters({ ...rotation, failure: { code, reason } }, event, { to: 'failed', text: `${code}: ${reason}` });
};

const nothingToSee: Step<'evidence'> = (rotation) => stays(rotation);

const MADE = 'the next root is made already';
const NOT_MADE = 'the next root is not made yet';
const ROLLING = 'it is being rolled back already';

/** What holds for every phase in which the next root is published. */
const published = {
  prepared: MADE,
  'prepare-delayed': MADE,
  'prepare-failed': MADE,
  evidence: lookAtGate,
  pause,
  resume,
  waive,
} as const;

const over = (why: string): Row => ({
  prepared: why,
  'prepare-delayed': why,
  'prepare-failed': why,
  evidence: why,
  pause: why,
  resume: why,
  rollback: why,
  waive: why,
  advance: why,
  retire: why,
  taint: why,
  'take-over': why,
});

/** Every phase with every event: the compiler checks that no cell is missing. */
const TABLE = {
  prepare: {
    prepared: publish,
    'prepare-delayed': delay,
    'prepare-failed': fail,
    evidence: nothingToSee,
    pause,
    resume,
    rollback: leaveUnmade,
    waive,
    advance: NOT_MADE,
    retire: NOT_MADE,
    taint: NOT_MADE,
    'take-over': giveWay,
  },
  distribute: {
    ...published,
    rollback: dropStaged,
    advance: advanceDistribute,
    retire: 'everybody still signs under the present root: wait, or advance',
    taint: taintStaged,
    'take-over': giveWay,
  },
  activate: {
    ...published,
    rollback: rollBack,
    advance: advanceReversible,
    retire: retireCompromised,
    taint: taintLeaving,
    'take-over': onlyRetire,
  },
  verify: {
    ...published,
    rollback: rollBack,
    advance: advanceReversible,
    retire: retireNow,
    taint: taintLeaving,
    'take-over': undisturbed,
  },
  retire: {
    ...published,
    rollback: rollBack,
    advance: 'the last step is retire: it cannot be undone',
    retire: retireNow,
    taint: taintLeaving,
    'take-over': undisturbed,
  },
  'rolling-back': {
    ...published,
    rollback: ROLLING,
    advance: 'the last step is retire: it cannot be undone',
    retire: retireNow,
    taint: taintLeaving,
    'take-over': undisturbed,
  },
  completed: over('it is completed, and the previous root is gone'),
  'rolled-back': over('it was rolled back'),
  failed: over('it failed before anything was changed'),
} as const satisfies Record<Phase, Row>;

const NO_ROOT = 'it rotates the key of a datacenter: no root is made';
const apart = (what: string): Row => over(`it rotates the key of a datacenter, the root stays the same: ${what}`);
const leaveUnmadeKey: Step<'rollback'> = (rotation, event) =>
  enters(rotation, event, {
    to: 'rolled-back',
    text: `rolled back before the next key signed${event.reason === undefined ? '' : `: ${event.reason}`}`,
  });

/** What holds for both phases of a datacenter's key. */
const ordered = {
  prepared: NO_ROOT,
  'prepare-delayed': NO_ROOT,
  'prepare-failed': NO_ROOT,
  evidence: lookAtGate,
  pause,
  resume,
  waive,
  taint: taintKey,
  'take-over': besideRoot,
} as const;

/** The same for the signing key of one datacenter. Phases that are about roots are in it, and say that they do not apply. */
const KEY_TABLE = {
  prepare: {
    ...ordered,
    rollback: leaveUnmadeKey,
    advance: 'the next key is not there: nobody could sign',
    retire: 'the datacenter still signs with the former key: wait',
  },
  distribute: apart('there is nothing to distribute'),
  activate: {
    ...ordered,
    rollback: 'the former key is destroyed as soon as the next one signs: rotate once more instead',
    advance: advanceKey,
    retire: denyNow,
  },
  verify: apart('there is nothing to verify'),
  retire: apart('no root is retired'),
  'rolling-back': apart('there is no way back to a key that is destroyed'),
  completed: over('it is completed'),
  'rolled-back': over('it was rolled back'),
  failed: over('it failed before anything was changed'),
} as const satisfies Record<Phase, Row>;

const rowOf = (rotation: Rotation): Row => (keyOf(rotation) === undefined ? TABLE : KEY_TABLE)[rotation.phase];

/** What happened, or why it cannot happen and what can. */
export type NextRotation =
  | Extract<Outcome, { readonly kind: 'moved' }>
  | { readonly kind: 'illegal'; readonly reason: string; readonly possible: readonly Verb[] };

/**
 * The whole machine: from a record and an event to the next record and the changes of root rows that commit with it.
 * Pure and total. What is illegal changes nothing.
 */
export const next = (rotation: Rotation, event: RotationEvent): NextRotation => {
  // The table pairs each cell with its event; a lookup by two unions cannot express that pairing.
  const cell = rowOf(rotation)[event.kind] as Cell<EventKind>;
  const outcome = typeof cell === 'string' ? refused(cell) : cell(rotation, event);
  return outcome.kind === 'moved'
    ? outcome
    : { kind: 'illegal', reason: outcome.reason, possible: possibleVerbs(rotation) };
};

/** What a person can ask of the rotation as it is. The world may still refuse, and says why. */
export const possibleVerbs = (rotation: Rotation): readonly Verb[] =>
  VERBS.filter((verb) => typeof rowOf(rotation)[verb] !== 'string' && isOpen(rotation, verb));

/** What the record alone rules out. */
const isOpen = (rotation: Rotation, verb: Verb): boolean => {
  const { phase, health, crossSigned } = rotation;
  const compromise = isCompromise(rotation);
  const isKey = keyOf(rotation) !== undefined;
  const open: Record<Verb, boolean> = {
    pause: health !== 'paused',
    resume: health === 'paused',
    rollback: (!compromise && !isOnlyRetiring(rotation)) || phase === 'prepare' || phase === 'distribute',
    waive: true,
    advance: isKey ? !compromise : phase !== 'distribute' || crossSigned || compromise,
    retire: phase !== 'activate' || compromise,
  };
  return open[verb];
};

/** The error of an illegal step: why not, and what is possible instead. */
export const illegalStep = (
  rotation: Rotation,
  kind: EventKind,
  { reason, possible }: Extract<NextRotation, { readonly kind: 'illegal' }>,
): BanyanError =>
  new BanyanError(
    'ROTATION_STEP_ILLEGAL',
    `rotation ${rotation.id} is in phase ${rotation.phase} and cannot ${kind}: ${reason}. ` +
      (possible.length === 0 ? 'Nothing is possible any more.' : `Possible: ${possible.join(', ')}.`),
    { fields: { rotation: rotation.id, phase: rotation.phase, event: kind } },
  );
