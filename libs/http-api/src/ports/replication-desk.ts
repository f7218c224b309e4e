import type { WriteContext } from '@banyan/acl';
import type { EpochMs, ErrorCode, JsonValue, SecretText } from '@banyan/kernel';
import type { QuarantinedRecord, ReplicationState, StreamHold, StreamStatus } from '@banyan/replication';

/** One thing the replication token must be allowed to do at the primary, tried without doing it. */
export interface ScopeCheck {
  readonly scope: string;
  readonly datacenter: string;
  readonly allowed: boolean;
  readonly reason: string;
}

/** The replication token of a secondary; never its secret. */
export interface ReplicationTokenView {
  /** Empty when no token of this datacenter's replica has that secret. */
  readonly accessorId: string;
  /** `api`: given by `PUT /v1/agent/token/replication`; it holds until the file or setting changes. */
  readonly origin: 'api' | 'file' | 'setting' | 'none';
  readonly scopes: readonly ScopeCheck[];
  /** It may do the same for other datacenters: more than it needs. */
  readonly isWider: boolean;
  readonly checkedAt?: EpochMs;
}

/** Whether the primary could say what a token may do, before it was stored. */
export interface TokenCheck {
  readonly checked: boolean;
  /** Why it could not, or was not asked; empty when it could. */
  readonly reason: string;
}

/** How the canary of the primary fares: the truth of everything from a write there to a decision here. */
export interface CanaryView {
  readonly state: 'GREEN' | 'LATE' | 'UNKNOWN';
  /** What the decision engine answers now; 0 before the first. */
  readonly sequence: number;
  /** When it first answered that. */
  readonly answeredAt?: EpochMs;
  /** From the writing to the primary's knowledge of the answer, by the primary's clock. Unit ms. */
  readonly roundTripMs?: number;
  readonly objectiveMs: number;
}

/** Something a person should look at, by name. */
export interface ReplicationAlarm {
  readonly code: ErrorCode;
  readonly reason: string;
  readonly at: EpochMs;
}

/** What a datacenter has that joining its primary would replace. */
export interface AdoptionView {
  readonly hash: string;
  readonly confirmed: boolean;
  readonly trustDomain?: string;
  readonly roots: readonly { readonly id: string; readonly fingerprint: string }[];
  readonly intentions: readonly string[];
  readonly tokens: readonly { readonly accessorId: string; readonly description: string }[];
  readonly datacenters: readonly string[];
}

/** What a secondary last told its primary. */
export interface ReportedReplication {
  readonly datacenter: string;
  readonly reportedAt?: EpochMs;
  /** How old that is. Unit ms. */
  readonly ageMs?: number;
  /** In the wire form of this API; null before the first report. */
  readonly replication: JsonValue;
  readonly canary: CanaryView;
}

/** All that an operator asks about replication, in one look. */
export interface ReplicationView {
  readonly datacenter: string;
  readonly role: 'primary' | 'secondary';
  /** Empty while it is unknown, and in the primary. */
  readonly source: string;
  readonly state: ReplicationState;
  readonly reason: string;
  /** The server that replicates, and how old what it says is. Unit ms. */
  readonly server: string;
  readonly ageMs: number;
  readonly streams: readonly StreamStatus[];
  readonly holds: readonly StreamHold[];
  readonly quarantine: readonly QuarantinedRecord[];
  readonly alarms: readonly ReplicationAlarm[];
  readonly canary: CanaryView;
  readonly token?: ReplicationTokenView;
  readonly adoption?: AdoptionView;
  /** In the primary: every secondary. */
  readonly secondaries?: readonly ReportedReplication[];
}

/** Replication, as an operator asks about it and decides on it. */
export abstract class ReplicationDesk {
  abstract view(): Promise<ReplicationView>;
  /** Applies what is held of a stream. Throws `REPLICATION_STREAM_UNKNOWN`, `REPLICATION_DIFF_STALE`. */
  abstract confirm(context: WriteContext, stream: string, hash: string): Promise<{ readonly deleted: number }>;
  /** Lets a datacenter with a state of its own join. Throws `REPLICATION_DIFF_STALE`, `CONFLICT` when there is nothing to adopt. */
  abstract adopt(context: WriteContext, hash: string): Promise<void>;
  /**
   * Stores another replication token, after the primary was asked what it may do. Throws `REQUEST_INVALID` where none is
   * used, and for one that lacks a scope, unless it is forced.
   */
  abstract useToken(
    context: WriteContext,
    token: SecretText,
    options: { readonly force: boolean },
  ): Promise<TokenCheck>;
  /** Begins another history of indexes, after a restore. Throws `CA_NOT_PRIMARY` in a secondary. */
  abstract renewEpoch(context: WriteContext): Promise<void>;
}
