import { lifeUsedOf } from '../../output/life-used.js';
import { counted, percentText, shortId } from '../../output/words.js';
import type { WireFederation, WireRoot, WireRoots } from '../../wire/federation-shapes.js';
import { isFinished, type WireRotation } from '../../wire/rotation-shapes.js';
import { fine, type Finding } from './finding.js';

/** Roots renew themselves at two thirds, intermediates at 45 to 55 %: who is past these did not. */
const ROOT_LIFE = { warning: 0.75, failure: 0.9 } as const;
const INTERMEDIATE_LIFE = { warning: 0.65, failure: 0.85 } as const;

const graded = (share: number, limits: { readonly warning: number; readonly failure: number }): Finding['grade'] =>
  share >= limits.failure ? 'failure' : share >= limits.warning ? 'warning' : 'ok';

const rootFinding = (root: WireRoot, now: number): Finding => {
  const used = lifeUsedOf(root, now);
  const name = `root ${shortId(root.ID)}, ${root.PrivateKeyType} ${root.PrivateKeyBits}`;
  if (root.Tainted === true) {
    return {
      area: 'trust',
      grade: 'failure',
      text: `${name} is compromised and still trusted`,
      next: 'banyan ca rotation status --watch: it goes with the last who needs it, or at the deadline',
    };
  }
  const text = `${name}${root.Active ? '' : ', trusted'}: ${percentText(used)} of its life used`;
  const grade = graded(used, ROOT_LIFE);
  if (grade === 'ok') return fine('trust', text);
  return { area: 'trust', grade, text, next: 'it should have renewed itself: banyan ca rotate --dry-run' };
};

/** The roots that are trusted, and how much of their lives is left. */
export const assessRoots = ({ Roots }: WireRoots, now: number): readonly Finding[] =>
  Roots.map((root) => rootFinding(root, now));

/** Which root every datacenter signs under, and how old its intermediate is. */
export const assessSigning = (
  { Datacenters }: WireFederation,
  active: string,
  rotations: readonly WireRotation[],
): readonly Finding[] => {
  const isMoving = rotations.some((rotation) => !isFinished(rotation));
  return Datacenters.filter(({ SigningRootID }) => SigningRootID !== '').flatMap((each): readonly Finding[] => {
    const elsewhere: readonly Finding[] =
      each.SigningRootID === active || isMoving
        ? []
        : [
            {
              area: 'trust',
              grade: 'warning',
              text: `${each.Name} signs under ${shortId(each.SigningRootID)}, which is not the active root`,
              next: `banyan ca roots --datacenter ${each.Name}; banyan replication status --datacenter ${each.Name}`,
            },
          ];
    if (each.Intermediate === null) return elsewhere;
    const used = each.Intermediate.LifeUsed;
    const grade = graded(used, INTERMEDIATE_LIFE);
    const text = `intermediate of ${each.Name}: ${percentText(used)} of its life used`;
    const life: Finding =
      grade === 'ok'
        ? fine('trust', text)
        : {
            area: 'trust',
            grade,
            text: `${text}; it renews itself at 45 to 55 %`,
            next: `banyan replication status --datacenter ${each.Name} (stream intermediate) says why it did not`,
          };
    return [...elsewhere, life];
  });
};

const stuck = (rotation: WireRotation): Finding => {
  const [first] = rotation.Blockers;
  const gate = rotation.Gates[rotation.Phase];
  const others = (gate?.BlockerCount ?? rotation.Blockers.length) - 1;
  const who =
    first === undefined
      ? ''
      : ` by ${first.Datacenter}${first.Node ? `/${first.Node}` : ''}: ${first.Reason}, ${first.Detail}` +
        (others > 0 ? ` (and ${counted(others, 'other')})` : '');
  return {
    area: 'rotation',
    grade: 'warning',
    text: `${rotation.ID.slice(0, 8)} is blocked in ${rotation.Phase}${who}`,
    next: 'mend that; or banyan ca waive, advance, rollback, each with --dry-run first',
  };
};

/** What rotations are under way, and whether one waits for a person. */
export const assessRotations = (rotations: readonly WireRotation[]): readonly Finding[] => {
  const running = rotations.filter((rotation) => !isFinished(rotation));
  if (running.length === 0) {
    const [last] = rotations;
    const text = last === undefined ? 'none, and there was never one' : `none; the last one is ${last.Phase}`;
    if (last?.Phase !== 'failed') return [fine('rotation', text)];
    const why = last.Failure === undefined ? '' : `: ${last.Failure.Reason} [${last.Failure.Code}]`;
    return [{ area: 'rotation', grade: 'warning', text: `${text}${why}`, next: 'banyan ca rotation status' }];
  }
  return running.map((rotation): Finding => {
    if (rotation.Health === 'blocked') return stuck(rotation);
    const name = `${rotation.ID.slice(0, 8)} in ${rotation.Phase}`;
    if (rotation.Health === 'paused') {
      return { area: 'rotation', grade: 'warning', text: `${name} is paused`, next: 'banyan ca resume' };
    }
    return { area: 'rotation', grade: 'ok', text: `${name}, running`, next: 'banyan ca rotation status --watch' };
  });
};
