import { BanyanError } from '@banyan/kernel';
import { z } from 'zod';
import { type Blocker, blockerSchema, MOST_BLOCKERS } from './blocker.js';
import { journalEntrySchema } from './journal.js';
import { keyScopeSchema } from './key-scope.js';
import { PHASES } from './phase.js';
import { planSchema } from './plan.js';
import { policySchema } from './policy.js';
import { waiverSchema } from './waiver.js';

const rootId = z.string().min(1).max(64);
const count = z.int().min(0);
const moment = z.number();

const ROTATION_REASONS = ['planned', 'provider-change', 'compromise'] as const;

/** What a look at a datacenter found, as far as this rotation is concerned. Leaves: live ones, by root that stays or goes. */
const countersSchema = z.object({
  datacenter: z.string(),
  reported: z.boolean(),
  holdsRoot: z.boolean(),
  staged: z.boolean(),
  signingRootId: rootId.optional(),
  agents: z.object({ total: count, live: count, trusting: count }),
  leaves: z.object({ staying: count, leaving: count }),
  ledgerLeaves: z.object({ staying: count, leaving: count }),
  shadow: z.object({ rootId: rootId.optional(), failed: count }),
});
export type DatacenterCounters = z.output<typeof countersSchema>;

/** What a gate last said. `since` is when it last changed between met and not met. */
const verdictSchema = z.object({
  met: z.boolean(),
  blockers: z.array(blockerSchema).max(MOST_BLOCKERS),
  /** Complete number of blockers. */
  count,
  /** When time alone will change the verdict, if it can. */
  waitsUntil: moment.optional(),
  since: moment,
});

/** A datacenter's shadow count: since when it is compared with this root and has stood still, and when it last grew. */
const shadowWatchSchema = z.object({
  rootId: rootId.optional(),
  failed: count,
  since: moment,
  grewAt: moment.optional(),
});
export type ShadowWatch = z.output<typeof shadowWatchSchema>;

/**
 * One change of the root, from its plan to the end of the previous root; or of one datacenter's signing key. Replaced as a whole, with compare-and-set on
 * `revision`; holds no secret.
 */
export const rotationSchema = z.object({
  id: z.uuid(),
  /** The root, or the signing key of one datacenter under the root that stays. */
  scope: z.union([z.literal('root'), keyScopeSchema]),
  reason: z.enum(ROTATION_REASONS),
  /** Why, in the words of who asked. */
  note: z.string().max(512),
  /** Accessor of who asked. */
  requester: z.string().max(64),
  order: z.object({
    provider: z.string().max(256),
    /** Values of options that are known to be public; of the others only the name. */
    options: z.record(z.string(), z.json()),
    crossSign: z.boolean(),
  }),
  /** The root that is to stay, once it is made. */
  rootId: rootId.optional(),
  /** The root that is to go, once the next one is made. */
  previousRootId: rootId.optional(),
  /** Whether the previous root vouches for the next one. */
  crossSigned: z.boolean(),
  /** DER bytes by which bundle and chains grew. */
  growth: z.object({ bundleBytes: count, chainBytes: count }).optional(),
  /** As it was confirmed. */
  plan: planSchema,
  planHash: z.string(),
  phase: z.enum(PHASES),
  /** Phase and health are two things. `blocked`: waiting alone does not help; the gate's blockers say who. */
  health: z.enum(['running', 'paused', 'blocked']),
  datacenters: z.array(countersSchema).max(1_000),
  gates: z.partialRecord(z.enum(PHASES), verdictSchema),
  shadowWatch: z.record(z.string(), shadowWatchSchema),
  waivers: z.array(waiverSchema),
  journal: z.array(journalEntrySchema),
  /** Entries of the journal that were dropped to keep it bounded. */
  journalDropped: count,
  policy: policySchema,
  /** For a compromised root: when it is dropped, whoever still needs it. */
  deadlineAt: moment.optional(),
  /** Why it failed. */
  failure: z.object({ code: z.string(), reason: z.string() }).optional(),
  /** Counts writes. */
  revision: count,
  createdAt: moment,
  /** When each phase began. */
  startedAt: z.partialRecord(z.enum(PHASES), moment),
  finishedAt: moment.optional(),
});
export type Rotation = z.output<typeof rotationSchema>;

/** The root that is to go is in wrong hands. */
export const isCompromise = ({ reason }: Rotation): boolean => reason === 'compromise';

/** Nothing was rotated: the record only leads a root to its end of which no rotation knew. */
export const isOnlyRetiring = ({ plan }: Rotation): boolean => plan.intent.kind === 'retire';

/** Who stands in the way of the present phase. */
export const blockersOf = ({ gates, phase }: Rotation): readonly Blocker[] => gates[phase]?.blockers ?? [];

/** Which root is to stay and which is to go; `INTERNAL` before the root is made. */
export const rootsOf = ({ id, rootId, previousRootId, phase }: Rotation): { staying: string; leaving: string } => {
  if (rootId === undefined || previousRootId === undefined) {
    throw new BanyanError('INTERNAL', `rotation ${id} is in phase ${phase} without its roots`);
  }
  return phase === 'rolling-back' || phase === 'rolled-back'
    ? { staying: previousRootId, leaving: rootId }
    : { staying: rootId, leaving: previousRootId };
};
