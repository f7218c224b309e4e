import { describeBlockers } from './blocker.js';
import { countersOf } from './counters.js';
import type { EventOf, Look, RotationEffect, RotationEvent } from './event.js';
import { activateGate, rollBackGate } from './gates/adoption.js';
import { distributeGate } from './gates/distribute.js';
import { watchShadows } from './gates/shadow.js';
import type { Gate } from './gates/verdict.js';
import { retireGate, verifyGate } from './gates/verify.js';
import { enters, judged, type Outcome, type Step, stays } from './moves.js';
import type { GatedPhase, Phase } from './phase.js';
import { isCompromise, type Rotation, rootsOf } from './rotation.js';

/** What ends each gated phase. */
export const GATES = {
  distribute: distributeGate,
  activate: activateGate,
  verify: verifyGate,
  retire: retireGate,
  'rolling-back': rollBackGate,
} as const satisfies Record<GatedPhase, Gate>;

interface WayOn {
  readonly to: Phase;
  readonly effects: readonly RotationEffect[];
}

/** Where each gated phase leads, and the change of root rows that takes. A compromised root needs no proof and no grace. */
export const wayOn = (rotation: Rotation): WayOn => {
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
  shadowWatch: watchesShadows(rotation.phase) ? watchShadows(rotation.shadowWatch, look, now) : rotation.shadowWatch,
});

/** From `activate` on, so that what was counted while leaves moved is no news when the window begins. */
const watchesShadows = (phase: Phase): boolean => phase === 'activate' || phase === 'verify' || phase === 'retire';

/** One look: the gate of the phase decides, and a paused rotation only takes note. */
export const lookAtGate: Step<'evidence'> = (rotation, event) => {
  const looked = seen(rotation, event.look, event.at);
  const verdict = GATES[rotation.phase as GatedPhase](looked, event.look, event.at);
  const next = judged(looked, event, verdict);
  if (!verdict.met || next.health === 'paused') return stays(next);
  const behind = verdict.blockers.length === 0 ? '' : `; left behind: ${describeBlockers(verdict.blockers)}`;
  return goOn(next, event, `${verdict.because ?? 'the gate is met'}${behind}`);
};

/** Steps over the gate as it is, with everybody who is left behind in the journal. */
export const stepOver = (rotation: Rotation, event: EventOf<'advance'>): Outcome => {
  const looked = seen(rotation, event.look, event.at);
  const verdict = GATES[rotation.phase as GatedPhase](looked, event.look, event.at);
  const behind = verdict.blockers.length === 0 ? 'nobody' : describeBlockers(verdict.blockers);
  const why = event.reason === undefined ? '' : ` (${event.reason})`;
  return goOn(judged(looked, event, verdict), event, `the gate was stepped over${why}; left behind: ${behind}`);
};

const goOn = (rotation: Rotation, event: RotationEvent, text: string): Outcome => {
  const { to, effects } = wayOn(rotation);
  return enters(rotation, event, { to, text, effects });
};
