import { BanyanError } from '@banyan/kernel';
import { describeBlockers } from './blocker.js';
import { countersOf } from './counters.js';
import type { EventOf, Look, RotationEffect, RotationEvent } from './event.js';
import { activateGate, rollBackGate } from './gates/adoption.js';
import { distributeGate } from './gates/distribute.js';
import { watchShadows } from './gates/shadow.js';
import { keyAdoptedGate, keyStagedGate } from './gates/key.js';
import type { Gate, Verdict } from './gates/verdict.js';
import { retireGate, verifyGate } from './gates/verify.js';
import { keyOf } from './key-scope.js';
import { denialOf } from './key-denial.js';
import { enters, judged, type Outcome, type Step, stays } from './moves.js';
import type { GatedPhase, Phase } from './phase.js';
import { isCompromise, type Rotation, rootsOf } from './rotation.js';

/** What ends each gated phase of a rotation of the root. */
export const GATES = {
  distribute: distributeGate,
  activate: activateGate,
  verify: verifyGate,
  retire: retireGate,
  'rolling-back': rollBackGate,
} as const satisfies Record<GatedPhase, Gate>;

/** Of a datacenter's key: the root stays, so nothing is distributed, compared or dropped. */
const KEY_GATES: Readonly<Partial<Record<Phase, Gate>>> = { prepare: keyStagedGate, activate: keyAdoptedGate };

/** The gate of the rotation's phase; undefined where none ends it. */
export const gateOf = (rotation: Rotation): Gate | undefined => {
  const gates: Readonly<Partial<Record<Phase, Gate>>> = keyOf(rotation) === undefined ? GATES : KEY_GATES;
  return gates[rotation.phase];
};

/** A phase with a gate that is looked at. */
const verdictOf = (rotation: Rotation, look: Look, now: number): Verdict => {
  const gate = gateOf(rotation);
  if (gate === undefined) throw new BanyanError('INTERNAL', `phase ${rotation.phase} has no gate`);
  return gate(rotation, look, now);
};

interface WayOn {
  readonly to: Phase;
  readonly effects: readonly RotationEffect[];
}

/** Where each gated phase leads, and the change of root rows that takes. A compromised root needs no proof and no grace. */
export const wayOn = (rotation: Rotation): WayOn => {
  if (keyOf(rotation) !== undefined) {
    return rotation.phase === 'prepare'
      ? { to: 'activate', effects: [] }
      : { to: 'completed', effects: denialOf(rotation) };
  }
  const { staying, leaving } = rootsOf(rotation);
  const drop: RotationEffect = { kind: 'drop', rootId: leaving };
  const ways: Record<GatedPhase, WayOn> = {
    distribute: { to: 'activate', effects: [{ kind: 'activate', rootId: staying }] },
    activate: { to: isCompromise(rotation) ? 'retire' : 'verify', effects: [] },
    verify: { to: 'retire', effects: [] },
    retire: { to: 'completed', effects: [drop] },
    'rolling-back': { to: 'rolled-back', effects: [drop] },
  };
  return ways[rotation.phase as GatedPhase];
};

/** Counts what is seen; the phase changes only by a gate. */
export const seen = (rotation: Rotation, look: Look, now: number): Rotation => ({
  ...rotation,
  datacenters: countersOf(rotation, look),
  shadowWatch: watchesShadows(rotation) ? watchShadows(rotation.shadowWatch, look, now) : rotation.shadowWatch,
});

/** From `activate` on, so that what was counted while leaves moved is no news when the window begins. */
const watchesShadows = ({ phase, scope }: Rotation): boolean =>
  scope === 'root' && (phase === 'activate' || phase === 'verify' || phase === 'retire');

/** One look: the gate of the phase decides, and a paused rotation only takes note. */
export const lookAtGate: Step<'evidence'> = (rotation, event) => {
  const looked = seen(rotation, event.look, event.at);
  const verdict = verdictOf(looked, event.look, event.at);
  const next = judged(looked, event, verdict);
  if (!verdict.met || next.health === 'paused') return stays(next);
  const behind = verdict.blockers.length === 0 ? '' : `; left behind: ${describeBlockers(verdict.blockers)}`;
  return goOn(next, event, `${verdict.because ?? 'the gate is met'}${behind}`);
};

/** Steps over the gate as it is, with everybody who is left behind in the journal. */
export const stepOver = (rotation: Rotation, event: EventOf<'advance'>): Outcome => {
  const looked = seen(rotation, event.look, event.at);
  const verdict = verdictOf(looked, event.look, event.at);
  const behind = verdict.blockers.length === 0 ? 'nobody' : describeBlockers(verdict.blockers);
  const why = event.reason === undefined ? '' : ` (${event.reason})`;
  return goOn(judged(looked, event, verdict), event, `the gate was stepped over${why}; left behind: ${behind}`);
};

const goOn = (rotation: Rotation, event: RotationEvent, text: string): Outcome => {
  const { to, effects } = wayOn(rotation);
  return enters(rotation, event, { to, text, effects });
};
