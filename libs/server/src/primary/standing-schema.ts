import { z } from 'zod';

const count = z.int().min(0);
const byName = (longest: number) =>
  z.record(z.string().max(longest), count).refine((counts) => Object.keys(counts).length <= 64, 'more than 64 kinds');

/** What a secondary says of itself, in its report: `DatacenterStanding` of http-api. Shown, and never decided by. */
export const standingSchema = z.object({
  state: z.string().max(64),
  reason: z.string().max(2_048),
  servers: z
    .array(
      z.object({
        id: z.string().max(64),
        name: z.string().max(256),
        version: z.string().max(64),
        alive: z.boolean(),
        leases: z.array(z.string().max(64)).max(16),
      }),
    )
    .max(64),
  agents: z.object({ total: count, live: count, versions: byName(64) }),
  signingRootId: z.string().max(64).optional(),
  intermediate: z
    .object({
      serialHex: z.string().max(128),
      keyId: z.string().max(256),
      notBefore: z.number(),
      notAfter: z.number(),
      pem: z.string().max(16_384),
      chainBytes: count,
    })
    .optional(),
  leaves: byName(64),
});
