/** An agent that is behind, and why. */
export interface Laggard {
  readonly Node: string;
  readonly Reason: string;
  readonly Detail: string;
  readonly SeenAt: string;
  readonly Live: boolean;
  readonly Lacks: readonly string[];
}

export interface ShadowFailure {
  readonly Peer: string;
  readonly Service: string;
  readonly Direction: string;
  readonly Reason: string;
  readonly Count: number;
  readonly LastAt: string;
}

/** `GET /v1/connect/ca/adoption`: what the agents of one datacenter hold. */
export interface Adoption {
  readonly Datacenter: string;
  readonly Bundle: readonly string[];
  readonly SigningRootID: string;
  readonly Agents: {
    readonly Total: number;
    readonly Live: number;
    readonly Trusting: Readonly<Record<string, number>>;
  };
  readonly Leaves: Readonly<Record<string, number>>;
  readonly LedgerLeaves: Readonly<Record<string, number>>;
  readonly Signing: { readonly MeasuredPerSecond: number; readonly BudgetPerSecond: number };
  readonly Shadow: {
    readonly RootID: string;
    readonly Checked: number;
    readonly Failed: number;
    readonly Probed: number;
    readonly Failures: readonly ShadowFailure[];
  };
  readonly Laggards: readonly Laggard[];
}

export interface AgentReport {
  readonly Bundle: readonly string[];
  readonly Sidecars: { readonly Total: number; readonly Trusting: Readonly<Record<string, number>> };
  readonly Leaves: { readonly ByRoot: Readonly<Record<string, number>>; readonly RateLimited: number };
  readonly Shadow: Adoption['Shadow'];
  readonly ClockOffsetMs: number;
  readonly Version: string;
}

/** One agent of `GET /v1/connect/ca/adoption/agents`. */
export interface AgentOf {
  readonly Node: string;
  readonly SeenAt: string;
  readonly Live: boolean;
  readonly Laggard: Laggard | null;
  readonly Report: AgentReport | null;
}

/** A page of agents; `Next` is the `after` of the next one. */
export interface AgentsPage {
  readonly Agents: readonly AgentOf[];
  readonly Total: number;
  readonly Next?: string | null;
}
