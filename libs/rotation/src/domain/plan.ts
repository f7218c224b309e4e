import { contentHash, type JsonValue } from '@banyan/kernel';
import { z } from 'zod';
import { blockerSchema, MOST_BLOCKERS } from './blocker.js';
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
    kind: z.enum(['rotate', 'taint']),
    reason: z.enum(['planned', 'provider-change', 'compromise']),
    provider: z.string(),
    options: z.record(z.string(), z.json()),
    crossSign: z.boolean(),
    /** The root that is to go. */
    rootId: z.string(),
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

/**
 * Names the plan: equal while the world is. Left out is what changes by itself: measured rates and what follows from them,
 * and the words beside a blocker's name.
 */
export const planHash = (plan: RotationPlan): string =>
  contentHash({
    intent: plan.intent,
    policy: plan.policy,
    datacenters: plan.datacenters
      .map(({ perSecond: _rate, seconds: _time, ...stable }): JsonValue => stable)
      .toSorted(byDatacenter),
    blockers: plan.blockers.map(({ datacenter, node, reason }) => `${datacenter}/${node ?? ''}/${reason}`).toSorted(),
    blockerCount: plan.blockerCount,
  });

const byDatacenter = (a: JsonValue, b: JsonValue): number =>
  (a as { datacenter: string }).datacenter < (b as { datacenter: string }).datacenter ? -1 : 1;
