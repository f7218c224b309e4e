import { BanyanError } from '@banyan/kernel';
import { describeBlockers } from './blocker.js';
import { keyOf } from './key-scope.js';
import { isFinished, isMoving } from './phase.js';
import { blockersOf, type Rotation } from './rotation.js';

/**
 * Most rotations that wait for the end of their previous root when another one starts. Each adds a cross-signed certificate
 * to every chain, and a chain is followed over 8 certificates at most: leaf, intermediate, and one for each of at most
 * 5 earlier roots, with one to spare for a compromised root, whose rotation always starts.
 */
export const MOST_WAITING = 4;

/** Throws `ROTATION_IN_PROGRESS`, naming the oldest, when the bundle holds as many roots as chains can lead to. */
export const requireRoomForRoot = (rotations: readonly Rotation[]): void => {
  const roots = rotations.filter((each) => !isFinished(each.phase) && keyOf(each) === undefined);
  const waiting = roots.toSorted((a, b) => (isBefore(a, b) ? -1 : 1));
  const oldest = waiting[0];
  if (oldest === undefined || waiting.length < MOST_WAITING) return;
  const blockers = blockersOf(oldest);
  const laggards = blockers.length === 0 ? 'the end of its previous root' : describeBlockers(blockers);
  throw new BanyanError(
    'ROTATION_IN_PROGRESS',
    `${waiting.length} rotations have not ended, and a chain leads to no more roots than theirs. The oldest is ` +
      `${oldest.id} in phase ${oldest.phase}: it waits for ${laggards}. Wait, waive its laggards by name, or retire it.`,
    { fields: { rotation: oldest.id, phase: oldest.phase } },
  );
};

/**
 * One rotation moves leaves at a time: throws `ROTATION_IN_PROGRESS`, naming its laggards, while another one does. One
 * that only waits for the end of its previous root (`verify`, `retire`) is in nobody's way.
 */
export const requireNoneMoving = (rotations: readonly Rotation[]): void => {
  const moving = rotations.find(({ phase }) => isMoving(phase));
  if (moving === undefined) return;
  const blockers = blockersOf(moving);
  const laggards = blockers.length === 0 ? 'it is under way' : `it waits for ${describeBlockers(blockers)}`;
  throw new BanyanError(
    'ROTATION_IN_PROGRESS',
    `rotation ${moving.id} is in phase ${moving.phase}: ${laggards}. Wait, waive its laggards by name, or roll it back.`,
    { fields: { rotation: moving.id, phase: moving.phase } },
  );
};

/** The unfinished rotations before and after this one, by their age. */
export const neighboursOf = (
  rotation: Rotation,
  rotations: readonly Rotation[],
): { readonly earlier: readonly string[]; readonly later: readonly string[] } => {
  // Roots leave and come back in turn; a datacenter's key has no part in that.
  const others = rotations.filter(
    (each) => each.id !== rotation.id && !isFinished(each.phase) && keyOf(each) === undefined,
  );
  return {
    earlier: others.filter((other) => isBefore(other, rotation)).map(({ id }) => id),
    later: others.filter((other) => !isBefore(other, rotation)).map(({ id }) => id),
  };
};

/** Oldest first; two of one moment by their IDs, so that everybody agrees. */
export const isBefore = (a: Rotation, b: Rotation): boolean =>
  a.createdAt === b.createdAt ? a.id < b.id : a.createdAt < b.createdAt;
