/** Who stands in the way of a phase, or breaks by a step. Without `Node` it is the datacenter itself. */
export interface Blocker {
  readonly Datacenter: string;
  readonly Node?: string;
  readonly Reason: string;
  readonly Detail: string;
}

export type Verb = 'pause' | 'resume' | 'rollback' | 'advance' | 'retire' | 'waive';

/** What a step would do: the answer to a verb with `DryRun`. */
export interface StepPreview {
  readonly Effect: readonly string[];
  readonly Breaks: readonly Blocker[];
  readonly BreakCount: number;
  readonly PlanHash: string;
}

export interface PlannedDatacenter {
  readonly Datacenter: string;
  readonly Reported: boolean;
  readonly Agents: { readonly Live: number; readonly Offline: number };
  readonly Workloads: number;
  readonly Signatures: number;
  readonly SignaturesPerSecond?: number;
  readonly EstimatedSeconds?: number;
}

export interface RotationPlan {
  readonly Kind: 'rotate' | 'taint' | 'retire';
  readonly Reason: string;
  readonly Provider: string;
  readonly Config: Readonly<Record<string, unknown>>;
  readonly CrossSign: boolean;
  readonly LeavingRootID?: string;
  readonly RootID?: string;
  readonly LeavingKey?: LeavingKey;
  readonly Policy: Readonly<Record<'DistributeWait' | 'VerifyWindow' | 'RetireGrace' | 'Deadline', string>>;
  readonly Datacenters: readonly PlannedDatacenter[];
  readonly Totals: {
    readonly Datacenters: number;
    readonly Agents: number;
    readonly OfflineAgents: number;
    readonly Workloads: number;
    readonly Signatures: number;
    readonly EstimatedSeconds?: number;
  };
  readonly BundleBytes: number;
  readonly ChainBytes: number;
  readonly Blockers: readonly Blocker[];
  readonly BlockerCount: number;
}

/** The signing key of one datacenter, where a rotation is about that instead of the root. */
export interface LeavingKey {
  readonly Datacenter: string;
  readonly KeyID: string;
  readonly KeySHA256: string;
  readonly NotAfter: string;
}

/** The answer to a dry run. */
export interface Planned {
  readonly Plan: RotationPlan;
  readonly PlanHash: string;
}

/** What stays, and everything else. */
export interface Split {
  readonly Staying: number;
  readonly Leaving: number;
}

export interface DatacenterProgress {
  readonly Datacenter: string;
  readonly Reported: boolean;
  readonly HoldsRoot: boolean;
  readonly Staged: boolean;
  readonly SigningRootID?: string;
  readonly Agents: { readonly Total: number; readonly Live: number; readonly Trusting: number };
  readonly Leaves: Split;
  readonly LedgerLeaves: Split;
  readonly Shadow: { readonly RootID?: string; readonly Failed: number };
}

export interface Gate {
  readonly Met: boolean;
  readonly Since: string;
  readonly WaitsUntil?: string;
  readonly Blockers: readonly Blocker[];
  readonly BlockerCount: number;
}

export interface JournalEntry {
  readonly At: string;
  readonly Actor: string;
  readonly From: string;
  readonly Event: string;
  readonly To: string;
  readonly Text: string;
}

/** A rotation, as `GET /v1/connect/ca/rotations` lists them. */
export interface Rotation {
  readonly ID: string;
  readonly Scope: string | { readonly Datacenter: string };
  readonly LeavingKey?: LeavingKey;
  readonly Reason: string;
  readonly Note: string;
  readonly Requester: string;
  readonly Phase: string;
  readonly Health: 'running' | 'blocked' | 'paused' | 'finished';
  readonly Blockers: readonly Blocker[];
  readonly Possible: readonly string[];
  readonly RootID?: string;
  readonly PreviousRootID?: string;
  readonly CrossSigned: boolean;
  readonly Deadline?: string;
  readonly Datacenters: readonly DatacenterProgress[];
  readonly Gates: Readonly<Record<string, Gate>>;
  readonly Waivers: readonly {
    readonly Datacenter: string;
    readonly Node?: string;
    readonly Reason: string;
    readonly By: string;
    readonly At: string;
  }[];
  readonly Journal: readonly JournalEntry[];
  readonly JournalDropped: number;
  readonly Plan: RotationPlan;
  readonly Failure?: { readonly Code: string; readonly Reason: string };
  readonly CreatedAt: string;
  readonly StartedAt: Readonly<Record<string, string>>;
  readonly FinishedAt?: string;
}
