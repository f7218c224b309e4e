/** One stream of what a secondary follows. */
export interface ReplicationStream {
  readonly Stream: string;
  readonly State: string;
  readonly Code: string;
  readonly Reason: string;
  readonly Source: string;
  readonly Epoch: string;
  readonly Index: number;
  readonly SourceIndex: number;
  readonly LagIndex: number;
  readonly LagSeconds: number | null;
  readonly LastSuccess: string | null;
  readonly LastAttempt: string | null;
  readonly LastError: string | null;
  readonly LastErrorCode: string;
  readonly LastErrorMessage: string;
  readonly ConsecutiveFailures: number;
  readonly Items: number;
  readonly Quarantined: number;
  readonly HeldDeletions: number;
  readonly HeldHash: string;
}

export interface ReplicationCanary {
  readonly State: string;
  readonly Sequence: number;
  readonly AnsweredAt: string | null;
  readonly RoundTripMs: number | null;
  readonly ObjectiveMs: number;
}

export interface TokenScope {
  readonly Scope: string;
  readonly Datacenter: string;
  readonly Allowed: boolean;
  readonly Reason: string;
}

export interface ReplicationToken {
  readonly AccessorID: string;
  readonly Origin: string;
  readonly Expires: string;
  readonly IsWiderThanNeeded: boolean;
  readonly CheckedAt: string | null;
  readonly Scopes: readonly TokenScope[];
}

/** A round that would delete too much, kept until somebody says that it is meant. */
export interface Held {
  readonly Stream: string;
  readonly Code: string;
  readonly Reason: string;
  /** Names exactly this set of deletions. */
  readonly Hash: string;
  readonly Since: string | null;
  readonly Records: number;
  readonly Deletions: number;
  /** The beginning of it: at most 1,000, of another datacenter at most 50. */
  readonly WouldDelete: readonly { readonly Topic: string; readonly Key: string }[];
}

export interface Quarantined {
  readonly Stream: string;
  readonly Topic: string;
  readonly Key: string;
  readonly Code: string;
  readonly Reason: string;
  readonly Since: string | null;
}

export interface Alarm {
  readonly Code: string;
  readonly Reason: string;
  readonly At: string | null;
}

/** What a datacenter that stood alone would lose by joining. */
export interface Adoption {
  readonly Hash: string;
  readonly Confirmed: boolean;
  readonly WouldLose: {
    readonly TrustDomain: string;
    readonly Roots: readonly { readonly ID: string; readonly Fingerprint: string }[];
    readonly Intentions: readonly string[];
    readonly Tokens: readonly { readonly AccessorID: string; readonly Description: string }[];
    readonly Datacenters: readonly string[];
    readonly Totals: { readonly Intentions: number; readonly Tokens: number };
  };
}

/** What one datacenter says of its replication. */
export interface ReplicationReport {
  readonly Datacenter: string;
  readonly Role: 'primary' | 'secondary';
  readonly SourceDatacenter: string;
  readonly State: string;
  readonly Reason: string;
  readonly Server: string;
  readonly AgeMs: number;
  readonly Streams: readonly ReplicationStream[];
  readonly Alarms: readonly Alarm[];
  readonly Canary: ReplicationCanary;
  readonly Token?: ReplicationToken;
  readonly Held: readonly Held[];
  readonly Quarantine: readonly Quarantined[];
}

export interface Secondary {
  readonly Datacenter: string;
  readonly ReportedAt: string | null;
  readonly AgeMs: number | null;
  readonly Canary: ReplicationCanary;
  /** As the secondary told it; absent while it has told nothing. */
  readonly Replication?: ReplicationReport | null;
}

/** `GET /v1/replication`. */
export interface Replication extends ReplicationReport {
  readonly Adoption?: Adoption;
  readonly Secondaries?: readonly Secondary[];
}

export interface LagSample {
  readonly At: string;
  readonly State: string;
  readonly LagIndex: number;
  readonly LagSeconds: number | null;
  readonly RoundTripMs?: number;
}

export interface LagSeries {
  readonly Datacenter: string;
  readonly Stream: string;
  readonly Samples: readonly LagSample[];
}

/** `GET /v1/replication/history`. */
export interface LagHistory {
  readonly Since: string;
  readonly Now: string;
  readonly SampleSeconds: number;
  readonly KeepSeconds: number;
  readonly Series: readonly LagSeries[];
}
