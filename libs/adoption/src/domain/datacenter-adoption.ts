import { z } from 'zod';
import { shadowSchema } from './agent-report.js';

const rootId = z.string().min(1).max(64);
const count = z.int().min(0);
const byRoot = z.record(rootId, count);

/** Why an agent is behind. */
export const LAGGARD_REASONS = ['offline', 'clock-skew', 'rate-limited', 'version', 'sidecar', 'pending'] as const;

/** An agent that has not done yet what the bundle asks for, or that cannot: it is offline, or its clock is wrong. */
const laggardSchema = z.object({
  node: z.string().max(256),
  reason: z.enum(LAGGARD_REASONS),
  /** In words for a person, with the time or amount that matters. */
  detail: z.string().max(512),
  /** Last heartbeat, ms since 1970. */
  seenAt: z.number(),
  live: z.boolean(),
  /** Roots of the datacenter's bundle that it does not verify with. */
  lacks: z.array(rootId).max(64),
  /** Its live leaves by root. */
  leaves: byRoot,
  /** The root above the agent's own certificate; absent for a silent agent. */
  identityRootId: rootId.optional(),
  /** Its live leaves, and whether its own certificate is, under keys that leave. */
  leavingKey: z.object({ leaves: count, identity: z.boolean() }).optional(),
});
export type Laggard = z.output<typeof laggardSchema>;

/** Most laggards that are listed; the counts beside them are complete. */
export const MOST_LAGGARDS = 100;

/**
 * What a datacenter says of its adoption of roots: evidence for the gates of a rotation. Built by its servers from the
 * agents' reports, the ledger and the signing authority; sent to the primary with the datacenter's report.
 */
export const datacenterAdoptionSchema = z.object({
  datacenter: z.string().max(64),
  /** The roots its servers hold. */
  bundle: z.array(rootId).max(64),
  /** The root above the signing authority in use; absent before the first one. */
  signingRootId: rootId.optional(),
  /** The root above an intermediate that is signed and waits for its root to become active. */
  stagedRootId: rootId.optional(),
  /** The signing key in use, and what is left of the ones before the last rotation of it; absent in older versions. */
  key: z
    .object({
      /** Subject key ID. */
      keyId: z.string().max(256),
      /** SHA-256 of its SubjectPublicKeyInfo, colon hex. */
      keyFingerprint: z.string().max(128),
      /** End of its certificate, ms since 1970. */
      notAfter: z.number(),
      /** The rotation it was made under. */
      rotationId: z.string().max(64).optional(),
      /** The rotation that another key is ready for. */
      stagedFor: z.string().max(64).optional(),
      /** What stands under keys that leave: leaves by the agents, holders by the ledger, live agents' own certificates. */
      leaving: z.object({ leaves: count, ledgerLeaves: count, identities: count }),
    })
    .optional(),
  agents: z.object({
    total: count,
    /** Heard within the liveness limit. */
    live: count,
    /** Live agents that verify with the root, all their sidecars included. */
    trusting: byRoot,
  }),
  /** Live leaves of workloads by root, as all agents last reported. */
  leaves: byRoot,
  /** Live agents by the root above their own certificate. */
  identities: byRoot,
  /** By the ledger: holders (service, node, token) whose newest unexpired leaf is under the root. */
  ledgerLeaves: byRoot,
  /** For each root that leaves were signed under: until when the last of them may live, ms since 1970. */
  horizons: z.record(rootId, z.number()),
  signing: z.object({
    /** Leaves per second one server of this datacenter can sign, measured; absent before any was signed. */
    measuredPerSecond: z.number().optional(),
    /** Leaves per second that the CSR limits allow the datacenter. */
    budgetPerSecond: z.number(),
  }),
  shadow: shadowSchema,
  laggards: z.array(laggardSchema).max(MOST_LAGGARDS),
});
export type DatacenterAdoption = z.output<typeof datacenterAdoptionSchema>;
