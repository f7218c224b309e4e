import type { DatacenterAdoption } from '@banyan/adoption';
import type { Blocker } from '../blocker.js';
import type { Look } from '../event.js';
import { type Rotation, rootsOf, type ShadowWatch } from '../rotation.js';
import { isWaived } from '../waiver.js';
import { sumOver } from './agents-behind.js';
import { iso, REPORT_STALE_MS } from './verdict.js';

/**
 * Follows each datacenter's count of handshakes that would have failed: when it grows, or another root is compared
 * against, the window begins anew. A count that shrinks is an agent that restarted, not a failure.
 */
export const watchShadows = (watch: Rotation['shadowWatch'], look: Look, now: number): Rotation['shadowWatch'] =>
  Object.fromEntries(
    look.datacenters.flatMap(({ datacenter, adoption }) =>
      adoption === undefined ? [] : [[datacenter, followed(watch[datacenter], adoption.shadow, now)] as const],
    ),
  );

const followed = (
  before: ShadowWatch | undefined,
  { rootId, failed }: DatacenterAdoption['shadow'],
  now: number,
): ShadowWatch => {
  const root = rootId === undefined ? {} : { rootId };
  if (before === undefined || before.rootId !== rootId) return { ...root, failed, since: now };
  if (failed > before.failed) return { ...root, failed, since: now, grewAt: now };
  return { ...before, failed };
};

/** What the shadow trust stores have against dropping the previous root, and from when the window counts. */
export interface ShadowFinding {
  readonly blockers: readonly Blocker[];
  /** When the youngest of the datacenters' windows began. */
  readonly cleanSince: number;
}

/** Looks at every datacenter's shadow; needs the watch of this look. */
export const shadowFinding = (rotation: Rotation, look: Look, now: number): ShadowFinding => {
  const asked = look.datacenters.filter(({ datacenter }) => !isWaived(rotation.waivers, datacenter));
  const since = rotation.startedAt.verify ?? rotation.createdAt;
  let cleanSince = since;
  const blockers: Blocker[] = [];
  for (const { datacenter, adoption, reportedAt } of asked) {
    if (adoption === undefined || reportedAt === undefined || now - reportedAt > REPORT_STALE_MS) {
      const heard = reportedAt === undefined ? 'it never reported' : `it was last heard ${iso(reportedAt)}`;
      blockers.push({ datacenter, reason: 'unreported', detail: heard });
      continue;
    }
    // Where no workload has a leaf there is no handshake to look at.
    if (sumOver(adoption.leaves, () => true) === 0) continue;
    const windowBegan = Math.max(since, rotation.shadowWatch[datacenter]?.since ?? now);
    cleanSince = Math.max(cleanSince, windowBegan);
    blockers.push(...shadowBlockers(rotation, { ...adoption, datacenter }, { look, since, now }));
  }
  return { blockers, cleanSince };
};

const shadowBlockers = (
  rotation: Rotation,
  { datacenter, shadow }: DatacenterAdoption,
  at: { readonly look: Look; readonly since: number; readonly now: number },
): readonly Blocker[] => {
  const { rootId, failures } = shadow;
  // Once a later root is active, handshakes are compared with that one alone: the stronger proof.
  if (rootId === undefined || ![rootsOf(rotation).staying, at.look.activeRootId].includes(rootId)) {
    return [{ datacenter, reason: 'shadow', detail: 'its handshakes are not compared with the next root yet' }];
  }
  const windowMs = rotation.policy.verifyWindowMs;
  const { grewAt } = rotation.shadowWatch[datacenter] ?? {};
  const grewLately = grewAt !== undefined && at.now - grewAt < windowMs;
  const recent = failures.filter(({ lastAt }) => at.now - lastAt < windowMs);
  // A failure of just before the window, which is only told now, is why the count grew: its peer has a name, too.
  if (!grewLately && !recent.some(({ lastAt }) => lastAt > at.since)) return [];
  if (recent.length === 0) {
    return [
      { datacenter, reason: 'shadow', detail: `handshakes needed the previous root until ${iso(grewAt ?? at.now)}` },
    ];
  }
  return recent.map(({ peer, service, direction, reason }) => ({
    datacenter,
    reason: 'shadow',
    detail: `${direction} handshake of ${service} with ${peer} needs the previous root: ${reason}`.slice(0, 1_024),
  }));
};
