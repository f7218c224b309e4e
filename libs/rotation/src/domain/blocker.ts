import { LAGGARD_REASONS } from '@banyan/adoption';
import { z } from 'zod';

/** Why something stands in the way of a phase. The agents' own reasons come from the adoption room. */
const BLOCKER_REASONS = [
  ...LAGGARD_REASONS,
  /** The datacenter never reported, or not since the phase that asks, or not lately. */
  'unreported',
  /** Its servers do not hold the root that is to stay. */
  'root-missing',
  /** Its intermediate under the next root is not there yet. */
  'not-staged',
  /** Its signing authority stands under the root that is to go. */
  'signing',
  /** Live leaves under the root that is to go. */
  'leaves',
  /** The ledger knows holders whose newest leaf is under the root that is to go. */
  'ledger',
  /** A handshake would have failed without the root that is to go, or nobody looks. */
  'shadow',
  /** An earlier root has to leave first. */
  'earlier-rotation',
  /** The CA provider does not answer. */
  'provider',
  /** Nobody can vouch for the next root with the present one. */
  'no-cross-sign',
  /** Leaves may be asked to live longer than the present root. */
  'leaf-outlives-root',
  /** The list of denied keys is full: a compromised key could not be denied. */
  'denied-keys-full',
] as const;
/** One of the reasons above. */
export type BlockerReason = (typeof BLOCKER_REASONS)[number];

/** The node of a blocker that stands for agents that are not named. */
export const UNNAMED_AGENTS = '*';

/** Who stands in the way, and why. Without `node` it is the datacenter itself, its servers. */
export const blockerSchema = z.object({
  datacenter: z.string().max(64),
  /** An agent; `*` for agents that are not named. */
  node: z.string().max(256).optional(),
  reason: z.enum(BLOCKER_REASONS),
  /** In words for a person, with the time or amount that matters. */
  detail: z.string().max(1_024),
});
export type Blocker = z.output<typeof blockerSchema>;

/** Nobody's fault but the list's: entries end by themselves, the earliest first. */
export const deniedKeysFull = (primary: string): Blocker => ({
  datacenter: primary,
  reason: 'denied-keys-full',
  detail: 'the list of denied keys is full, and none of them has ended: the compromised key cannot be denied',
});

/** Most blockers that are kept with a verdict; the number beside them is complete. */
export const MOST_BLOCKERS = 100;

/** What waiting alone does not cure, so that somebody should look. */
const NEEDS_SOMEBODY: ReadonlySet<BlockerReason> = new Set<BlockerReason>([
  'offline',
  'clock-skew',
  'version',
  'unreported',
  'shadow',
  'earlier-rotation',
  'provider',
  'denied-keys-full',
]);

/** Whether waiting alone leaves one of them where it is. */
export const needsSomebody = (blockers: readonly Blocker[]): boolean =>
  blockers.some(({ reason }) => NEEDS_SOMEBODY.has(reason));

const NAMED_IN_TEXT = 5;

/** `dc2/node-7: offline since …; dc3: …; and 4 more`. */
export const describeBlockers = (blockers: readonly Blocker[]): string => {
  const named = blockers
    .slice(0, NAMED_IN_TEXT)
    .map(({ datacenter, node, detail }) => `${node === undefined ? datacenter : `${datacenter}/${node}`}: ${detail}`);
  const rest = blockers.length - named.length;
  return [...named, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ').slice(0, 900);
};
