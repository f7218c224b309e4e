import { after, type Clock, type EpochMs, type Logger, type Random, SECOND } from '@banyan/kernel';
import type { Fence } from '@banyan/store';
import { beginDropping } from '../domain/begin.js';
import { isFinished } from '../domain/phase.js';
import { type Rotation, rootsOf } from '../domain/rotation.js';
import type { InactiveRoot, PresentAuthority } from '../ports/present-authority.js';
import type { RootSteps } from '../ports/root-steps.js';
import type { RotationCommits } from './rotation-commits.js';
import type { RotationPlanner } from './rotation-planner.js';

/** What {@link UnrotatedRoots} needs. */
export interface UnrotatedRootsParts {
  readonly commits: RotationCommits;
  readonly planner: RotationPlanner;
  readonly steps: RootSteps;
  readonly present: PresentAuthority;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** The end of a rotation and the end of its root commit together, and show in memory within ms: longer is no delay. */
const SURELY_MS = 10 * SECOND;
const NOTE =
  'it is trusted and no rotation leads to its end: taken back after a restore, or from before rotations were recorded';

/**
 * Roots that were rotated out and of which no rotation knows: they get a record in `retire`, and leave by its gate like every
 * other root. Without it they would stay in the bundle for ever.
 */
export class UnrotatedRoots {
  /** When each was first seen so, by ID. */
  readonly #since = new Map<string, EpochMs>();

  constructor(private readonly parts: UnrotatedRootsParts) {}

  /** Begins what is missing, and says when to look again for what may be. Throws `LEASE_LOST`, `STORE_UNREACHABLE`. */
  async adopt(fence: Fence): Promise<EpochMs | undefined> {
    const inactive = this.parts.present.inactiveRoots();
    if (inactive.length === 0) {
      this.#since.clear();
      return undefined;
    }
    const unfinished = await this.parts.commits.unfinished();
    const unknown = inactive.filter(({ rootId }) => !unfinished.some((rotation) => leadsToTheEndOf(rotation, rootId)));
    const now = this.parts.clock.now();
    for (const rootId of this.#since.keys()) {
      if (!unknown.some((root) => root.rootId === rootId)) this.#since.delete(rootId);
    }
    for (const root of unknown) {
      const since = this.#since.get(root.rootId) ?? now;
      this.#since.set(root.rootId, since);
      if (now - since >= SURELY_MS) await this.#begin(root, fence);
    }
    return this.#since.size === 0 ? undefined : after(now, SURELY_MS);
  }

  async #begin(root: InactiveRoot, fence: Fence): Promise<void> {
    const { planner, commits, steps, random, clock, logger } = this.parts;
    const { plan, hash } = await planner.retire(root);
    const beginning = { id: random.uuid(), plan, planHash: hash, note: NOTE, requester: '', at: clock.now() };
    const roots = { rootId: steps.activeRootId(), previousRootId: root.rootId };
    await commits.begin(
      (tx, unfinished) => {
        const known = unfinished.find((rotation) => leadsToTheEndOf(rotation, root.rootId));
        const begun = known ?? beginDropping(beginning, roots);
        if (known === undefined) commits.insert(tx, begun, null);
        return Promise.resolve({ begun, changes: [] });
      },
      { fence },
    );
    this.#since.delete(root.rootId);
    logger.warn('a root without a rotation is to retire', { root: root.rootId, rotation: beginning.id });
  }
}

/** It drops the root at its end, or leads back to it. */
const leadsToTheEndOf = (rotation: Rotation, rootId: string): boolean => {
  if (rotation.rootId === undefined || isFinished(rotation.phase)) return false;
  const { staying, leaving } = rootsOf(rotation);
  return leaving === rootId || staying === rootId;
};
