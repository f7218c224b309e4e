import { z } from 'zod';

const canary = z.looseObject({ State: z.string(), RoundTripMs: z.number().nullable(), ObjectiveMs: z.number() });

const stream = z.looseObject({
  Stream: z.string(),
  State: z.string(),
  Code: z.string(),
  Reason: z.string(),
  LagIndex: z.number(),
  LagSeconds: z.number().nullable(),
  Items: z.number(),
  Quarantined: z.number(),
  HeldDeletions: z.number(),
  LastSuccess: z.string().nullable(),
  ConsecutiveFailures: z.number(),
});
export type WireStream = z.infer<typeof stream>;

const held = z.looseObject({
  Stream: z.string(),
  Code: z.string(),
  Reason: z.string(),
  Hash: z.string(),
  Since: z.string().nullable(),
  Records: z.number(),
  Deletions: z.number(),
  WouldDelete: z.array(z.looseObject({ Topic: z.string(), Key: z.string() })),
});
export type WireHeld = z.infer<typeof held>;

const quarantined = z.looseObject({
  Stream: z.string(),
  Topic: z.string(),
  Key: z.string(),
  Code: z.string(),
  Reason: z.string(),
  Since: z.string().nullable(),
});
export type WireQuarantined = z.infer<typeof quarantined>;

const alarm = z.looseObject({ Code: z.string(), Reason: z.string(), At: z.string().nullable() });

const token = z.looseObject({
  AccessorID: z.string(),
  Origin: z.string(),
  IsWiderThanNeeded: z.boolean(),
  Scopes: z.array(z.looseObject({ Scope: z.string(), Allowed: z.boolean(), Reason: z.string() })),
});

const summary = z.looseObject({
  Datacenter: z.string(),
  Role: z.string(),
  State: z.string(),
  Reason: z.string(),
  Streams: z.array(stream),
  Alarms: z.array(alarm),
  Canary: canary,
  Token: token.optional(),
  Held: z.array(held),
  Quarantine: z.array(quarantined),
});
export type WireReplicationSummary = z.infer<typeof summary>;

const adoption = z.looseObject({
  Hash: z.string(),
  Confirmed: z.boolean(),
  WouldLose: z.looseObject({
    TrustDomain: z.string(),
    Roots: z.array(z.looseObject({ ID: z.string(), Fingerprint: z.string() })),
    Intentions: z.array(z.string()),
    Tokens: z.array(z.looseObject({ AccessorID: z.string(), Description: z.string() })),
    Datacenters: z.array(z.string()),
    Totals: z.looseObject({ Intentions: z.number(), Tokens: z.number() }),
  }),
});
export type WireAdoptionOffer = z.infer<typeof adoption>;

/** GET /v1/replication. */
export const replicationShape = summary.extend({
  Adoption: adoption.optional(),
  Secondaries: z
    .array(
      z.looseObject({
        Datacenter: z.string(),
        ReportedAt: z.string().nullable(),
        AgeMs: z.number().nullable(),
        Canary: canary,
        Replication: summary.nullish(),
      }),
    )
    .optional(),
});
export type WireReplication = z.infer<typeof replicationShape>;

/** GET /v1/replication/history. */
export const historyShape = z.looseObject({
  Since: z.string(),
  Now: z.string(),
  SampleSeconds: z.number(),
  Series: z.array(
    z.looseObject({
      Datacenter: z.string(),
      Stream: z.string(),
      Samples: z.array(
        z.looseObject({
          At: z.string(),
          State: z.string(),
          LagIndex: z.number(),
          LagSeconds: z.number().nullable(),
          RoundTripMs: z.number().optional(),
        }),
      ),
    }),
  ),
});
export type WireHistory = z.infer<typeof historyShape>;
