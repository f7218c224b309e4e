/** A certificate's validity and how much of it is over, as a share of 1. */
export interface Life {
  readonly SerialNumber: string;
  readonly NotBefore: string;
  readonly NotAfter: string;
  readonly LifeUsed: number;
}

export interface IntermediateOf extends Life {
  readonly KeyID: string;
}

export interface FederatedServer {
  readonly ID: string;
  readonly Name: string;
  readonly Version: string;
  readonly Alive: boolean;
  /** Names of the leases it holds. */
  readonly Leases: readonly string[];
}

export interface CanaryOf {
  readonly State: string;
  readonly RoundTripMs: number | null;
  readonly ObjectiveMs: number;
}

export interface FederatedDatacenter {
  readonly Name: string;
  readonly Role: 'primary' | 'secondary';
  /** A named state; `UNKNOWN` where the answering datacenter cannot know. */
  readonly State: string;
  readonly Reason: string;
  readonly WANAddresses: readonly string[];
  readonly Link: { readonly State: 'up' | 'down' | 'self' | 'unknown'; readonly LastContactMs: number | null };
  readonly LagIndex: number | null;
  readonly LagSeconds: number | null;
  readonly Canary: CanaryOf | null;
  readonly ReportedAt: string | null;
  readonly Servers: readonly FederatedServer[];
  readonly Agents: {
    readonly Total: number;
    readonly Live: number;
    readonly Versions: Readonly<Record<string, number>>;
  };
  readonly SigningRootID: string;
  readonly Intermediate: IntermediateOf | null;
}

/** `GET /v1/operator/federation`. */
export interface Federation {
  readonly Datacenter: string;
  readonly PrimaryDatacenter: string;
  readonly TrustDomain: string;
  readonly Datacenters: readonly FederatedDatacenter[];
}
