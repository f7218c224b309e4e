import { z } from 'zod';

const blocker = z.looseObject({
  Datacenter: z.string(),
  Node: z.string().optional(),
  Reason: z.string(),
  Detail: z.string(),
});

/** Who stands in the way, or would break. */
export type WireBlocker = z.infer<typeof blocker>;

const plan = z.looseObject({
  Kind: z.string(),
  Reason: z.string(),
  Provider: z.string(),
  Config: z.record(z.string(), z.unknown()),
  CrossSign: z.boolean(),
  LeavingRootID: z.string().optional(),
  LeavingKey: z.looseObject({ Datacenter: z.string(), KeyID: z.string() }).optional(),
  Policy: z.looseObject({
    DistributeWait: z.string(),
    VerifyWindow: z.string(),
    RetireGrace: z.string(),
    Deadline: z.string(),
  }),
  Datacenters: z.array(
    z.looseObject({
      Datacenter: z.string(),
      Reported: z.boolean(),
      Agents: z.looseObject({ Live: z.number(), Offline: z.number() }),
      Workloads: z.number(),
      Signatures: z.number(),
      EstimatedSeconds: z.number().optional(),
    }),
  ),
  Totals: z.looseObject({
    Datacenters: z.number(),
    Agents: z.number(),
    OfflineAgents: z.number(),
    Workloads: z.number(),
    Signatures: z.number(),
    EstimatedSeconds: z.number().optional(),
  }),
  BundleBytes: z.number(),
  ChainBytes: z.number(),
  Blockers: z.array(blocker),
  BlockerCount: z.number(),
});

/** The answer of a dry run of a rotation or taint. */
export const planAnswer = z.looseObject({ Plan: plan, PlanHash: z.string() });
export type PlanAnswer = z.infer<typeof planAnswer>;

/** The answer of a dry run of a step. */
export const previewAnswer = z.looseObject({
  Effect: z.array(z.string()),
  Breaks: z.array(blocker),
  BreakCount: z.number(),
  PlanHash: z.string(),
});
export type PreviewAnswer = z.infer<typeof previewAnswer>;

const counts = z.looseObject({ Staying: z.number(), Leaving: z.number() });

/** One rotation. */
export const rotationShape = z.looseObject({
  ID: z.string(),
  Scope: z.union([z.string(), z.looseObject({ Datacenter: z.string() })]),
  Reason: z.string(),
  Note: z.string(),
  Phase: z.string(),
  Health: z.string(),
  Blockers: z.array(blocker),
  Possible: z.array(z.string()),
  RootID: z.string().optional(),
  PreviousRootID: z.string().optional(),
  CrossSigned: z.boolean(),
  Deadline: z.string().optional(),
  Datacenters: z.array(
    z.looseObject({
      Datacenter: z.string(),
      Reported: z.boolean(),
      HoldsRoot: z.boolean(),
      Staged: z.boolean(),
      SigningRootID: z.string().optional(),
      Agents: z.looseObject({ Total: z.number(), Live: z.number(), Trusting: z.number() }),
      Leaves: counts,
      LedgerLeaves: counts,
      Shadow: z.looseObject({ Failed: z.number() }),
    }),
  ),
  Gates: z.record(
    z.string(),
    z.looseObject({ Met: z.boolean(), WaitsUntil: z.string().optional(), BlockerCount: z.number() }),
  ),
  Waivers: z.array(z.looseObject({ Datacenter: z.string(), Node: z.string().optional(), Reason: z.string() })),
  Journal: z.array(z.looseObject({ At: z.string(), From: z.string(), To: z.string(), Text: z.string() })),
  Failure: z.looseObject({ Code: z.string(), Reason: z.string() }).optional(),
  CreatedAt: z.string(),
  FinishedAt: z.string().optional(),
});
export type WireRotation = z.infer<typeof rotationShape>;

export const rotationsShape = z.array(rotationShape);

const FINISHED: readonly string[] = ['completed', 'rolled-back', 'failed'];

/** Whether nothing changes any more. */
export const isFinished = ({ Phase }: WireRotation): boolean => FINISHED.includes(Phase);
