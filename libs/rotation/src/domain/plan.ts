import { contentHash, type JsonValue } from '@banyan/kernel';
import { z } from 'zod';
import { blockerSchema, MOST_BLOCKERS } from './blocker.js';
import { keyScopeSchema } from './key-scope.js';
import { policySchema } from './policy.js';

const count = z.int().min(0);

/** A datacenter's part of the work. */
const plannedDatacenterSchema = z.object({
  datacenter: z.string(),
  reported: z.boolean(),
  agents: z.object({ live: count, offline: count }),
  /** Live leaves, each to be signed again: by the agents' reports or by the ledger, whichever knows more. */
  workloads: count,
  /** Leaves, and the intermediate. */
  signatures: count,
  /** Leaves per second it can sign: the measured rate within the limits; absent while neither is known. */
  perSecond: z.number().optional(),
  /** Absent without a rate. */
  seconds: z.number().optional(),
});

/** What a rotation would touch, need and meet. Made by a dry run; nothing changes by it. */
export const planSchema = z.object({
  /** What is to be done: a hash that was quoted for one thing does not confirm another. */
  intent: z.object({
    /** `retire`: nothing is made; a root of which no rotation knows only leaves. */
    kind: z.enum(['rotate', 'taint', 'retire']),
    reason: z.enum(['planned', 'provider-change', 'compromise']),
    provider: z.string(),
    options: z.record(z.string(), z.json()),
    crossSign: z.boolean(),
    /** The root that is to go; with a `key`, the one that stays above it. */
    rootId: z.string(),
    /** The signing key of one datacenter that is to go, instead of the root. */
    key: keyScopeSchema.optional(),
  }),
  policy: policySchema,
  datacenters: z.array(plannedDatacenterSchema),
  totals: z.object({
    datacenters: count,
    agents: count,
    offlineAgents: count,
    workloads: count,
    /** All leaves and intermediates, the root's own and the cross-signed one. */
    signatures: count,
    /** The slowest datacenter's time; datacenters work at the same time. Absent while a rate is not known. */
    estimatedSeconds: z.number().optional(),
  }),
  /** Estimated from key type and size; the rotation shows the bytes of what was made. */
  growth: z.object({ bundleBytes: count, chainBytes: count }),
  blockers: z.array(blockerSchema).max(MOST_BLOCKERS),
  blockerCount: count,
});
export type RotationPlan = z.output<typeof planSchema>;

/** Parts of a plan that can change under somebody's eyes, in the words of a refusal. */
const PARTS: Readonly<Record<string, (plan: RotationPlan) => JsonValue>> = {
  'what is asked for, or the root that leaves': ({ intent: { key, ...intent } }) => ({
    ...intent,
    ...(key !== undefined && { key }),
  }),
  'the waits': ({ policy }) => policy,
  'which datacenters there are, or have reported': ({ datacenters }) => byName(datacenters, ({ reported }) => reported),
  'the number of agents': ({ datacenters }) => byName(datacenters, ({ agents }) => agents),
  'the number of leaves': ({ datacenters }) =>
    byName(datacenters, ({ workloads, signatures }) => ({ workloads, signatures })),
  'who stands in the way': ({ blockers, blockerCount }) => ({
    names: blockers.map(({ datacenter, node, reason }) => `${datacenter}/${node ?? ''}/${reason}`).toSorted(),
    blockerCount,
  }),
};

const byName = (
  datacenters: RotationPlan['datacenters'],
  part: (datacenter: RotationPlan['datacenters'][number]) => JsonValue,
): JsonValue => Object.fromEntries(datacenters.map((each) => [each.datacenter, part(each)]));

/** 160 bits name the plan; 16 bits for each of 6 parts only tell which of them changed. Hex digits, 64 together. */
const WHOLE_DIGITS = 40;
const PART_DIGITS = 4;

/**
 * Names the plan: equal while the world is. Left out is what changes by itself: measured rates and what follows from them,
 * and the words beside a blocker's name.
 */
export const planHash = (plan: RotationPlan): string => {
  const parts = Object.entries(PARTS).map(([name, part]) => [name, part(plan)] as const);
  const whole = contentHash(Object.fromEntries(parts)).slice(0, WHOLE_DIGITS);
  return whole + parts.map(([, part]) => contentHash(part).slice(0, PART_DIGITS)).join('');
};

/** Which parts of the plan changed between two hashes; undefined where one of them is the hash of no plan. */
export const changedParts = (quoted: string, present: string): readonly string[] | undefined => {
  if (!/^[0-9a-f]{64}$/.test(quoted)) return undefined;
  return Object.keys(PARTS).filter((_name, i) => partOf(quoted, i) !== partOf(present, i));
};

const partOf = (hash: string, i: number): string => {
  const start = WHOLE_DIGITS + i * PART_DIGITS;
  return hash.slice(start, start + PART_DIGITS);
};
