import { MOST_BLOCKERS, needsSomebody } from './blocker.js';
import type { EventKind, EventOf, RotationEffect, RotationEvent } from './event.js';
import type { Verdict } from './gates/verdict.js';
import { MACHINE, withEntry } from './journal.js';
import { type GatedPhase, isFinished, type Phase } from './phase.js';
import type { Rotation } from './rotation.js';

/** What an event does: the next record and the changes of root rows that commit with it, or why it is not possible. */
export type Outcome =
  | { readonly kind: 'moved'; readonly rotation: Rotation; readonly effects: readonly RotationEffect[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** One cell of the table. */
export type Step<K extends EventKind> = (rotation: Rotation, event: EventOf<K>) => Outcome;

/** Nothing changes, and this is why. */
export const refused = (reason: string): Outcome => ({ kind: 'refused', reason });

/** Stays in its phase. */
export const stays = (rotation: Rotation): Outcome => ({ kind: 'moved', rotation, effects: [] });

/** The record with one more line in its journal. */
export const noted = (rotation: Rotation, event: RotationEvent, text: string): Rotation =>
  movedTo(rotation, event, { to: rotation.phase, text });

const movedTo = (
  rotation: Rotation,
  { at, kind, ...event }: RotationEvent,
  { to, text }: { readonly to: Phase; readonly text: string },
): Rotation => ({
  ...rotation,
  ...withEntry(rotation, {
    at,
    actor: 'by' in event ? event.by : MACHINE,
    from: rotation.phase,
    event: kind,
    to,
    text,
  }),
});

/** Enters a phase: with its beginning, its line in the journal, and the changes of root rows that make it true. */
export const enters = (
  rotation: Rotation,
  event: RotationEvent,
  move: { readonly to: Phase; readonly text: string; readonly effects?: readonly RotationEffect[] },
): Outcome => {
  const { to, effects = [] } = move;
  const next: Rotation = {
    ...movedTo(rotation, event, move),
    phase: to,
    // Only a person moves a paused rotation, and who moves it wants it to go on.
    health: 'running',
    startedAt: { ...rotation.startedAt, [to]: event.at },
    ...(isFinished(to) && { finishedAt: event.at }),
  };
  return { kind: 'moved', rotation: next, effects };
};

/** Keeps what the gate said; a change of health is a line in the journal, since somebody may have to look. */
export const judged = (rotation: Rotation, event: RotationEvent, verdict: Verdict): Rotation => {
  const phase = rotation.phase as GatedPhase;
  const before = rotation.gates[phase];
  const kept = {
    met: verdict.met,
    blockers: verdict.blockers.slice(0, MOST_BLOCKERS),
    count: verdict.blockers.length,
    ...(verdict.waitsUntil !== undefined && { waitsUntil: verdict.waitsUntil }),
    since: before?.met === verdict.met ? before.since : event.at,
  };
  const next = { ...rotation, gates: { ...rotation.gates, [phase]: kept } };
  if (rotation.health === 'paused') return next;
  const health = !verdict.met && needsSomebody(verdict.blockers) ? 'blocked' : 'running';
  if (health === rotation.health) return next;
  return { ...noted(next, event, healthText(health, verdict)), health };
};

const healthText = (health: Rotation['health'], { blockers }: Verdict): string => {
  const [first] = blockers;
  if (health === 'running' || first === undefined) return 'nothing needs attention any more';
  const name = first.node === undefined ? first.datacenter : `${first.datacenter}/${first.node}`;
  return `blocked by ${name}: ${first.detail}${blockers.length > 1 ? ` (and ${blockers.length - 1} more)` : ''}`;
};
