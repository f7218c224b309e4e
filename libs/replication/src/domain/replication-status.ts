import type { EpochMs, ErrorCode, StateIndex } from '@banyan/kernel';

/** The named states of a datacenter's tie to its primary. Phase and health in one word an operator can search for. */
export type ReplicationState =
  | 'STARTING'
  /** Another server of this datacenter holds the lease and replicates. */
  | 'STANDBY'
  | 'WAITING_PRIMARY'
  | 'NOT_PERMITTED'
  | 'TRUST_DOMAIN_MISMATCH'
  | 'PIN_MISMATCH'
  | 'VERSION_MISMATCH'
  | 'TWO_PRIMARIES'
  /** This datacenter has a state of its own; joining would replace it, which somebody must confirm. */
  | 'ADOPTION_REQUIRED'
  | 'ISSUER_NOT_TRUSTED'
  | 'EXPIRED'
  | 'CLOCK_SKEW'
  | 'DEGRADED'
  | 'READY';

/** Of the feed as a whole. */
export interface ReplicationStatus {
  readonly state: ReplicationState;
  readonly reason: string;
  readonly source?: string;
  readonly epoch?: string;
  /** The source's index that is applied here. */
  readonly appliedIndex: StateIndex;
  /** The newest index the source told of. */
  readonly sourceIndex: StateIndex;
  readonly lastSuccessAt?: EpochMs;
  readonly lastAttemptAt?: EpochMs;
  readonly lastErrorAt?: EpochMs;
  readonly lastErrorCode?: ErrorCode;
  readonly lastErrorReason?: string;
  readonly consecutiveFailures: number;
}

/** Deletions, or a whole stream, that wait for a person or for a better source. */
export interface StreamHold {
  readonly stream: string;
  readonly code: ErrorCode;
  readonly reason: string;
  /** To be quoted when confirming. */
  readonly hash: string;
  readonly deletions: readonly { readonly topic: string; readonly key: string }[];
  /** Records of the stream that were here when the round came. */
  readonly localCount: number;
  readonly since: EpochMs;
}

/** A record of the source that was refused here. */
export interface QuarantinedRecord {
  readonly stream: string;
  readonly topic: string;
  readonly key: string;
  readonly contentHash: string;
  readonly code: ErrorCode;
  readonly reason: string;
  readonly since: EpochMs;
}

/** Of one stream: all that an operator asks about it. */
export interface StreamStatus extends ReplicationStatus {
  readonly stream: string;
  /** Why the stream is not READY while the feed is. */
  readonly code?: ErrorCode;
  /** Index of the source's last change of this stream that was applied here; 0 before the first. */
  readonly changedIndex: StateIndex;
  /** How far the source is ahead, in its index. */
  readonly lagIndex: number;
  /** How old what is known here of the stream is, in ms. Undefined before the first success. */
  readonly lagMs?: number;
  readonly items: number;
  readonly quarantined: number;
  readonly held?: StreamHold;
}

/** The states that a code names; any other code is a failed round. */
const STATE_OF_CODE: Partial<Record<ErrorCode, ReplicationState>> = {
  PERMISSION_DENIED: 'NOT_PERMITTED',
  ACL_NOT_FOUND: 'NOT_PERMITTED',
  PEER_NOT_ALLOWED: 'NOT_PERMITTED',
  TRUST_DOMAIN_MISMATCH: 'TRUST_DOMAIN_MISMATCH',
  CHAIN_TRUST_DOMAIN_FOREIGN: 'TRUST_DOMAIN_MISMATCH',
  PIN_MISMATCH: 'PIN_MISMATCH',
  PEER_UNAUTHENTICATED: 'ISSUER_NOT_TRUSTED',
  CA_EXPIRED: 'EXPIRED',
  ROOT_TAINTED: 'ISSUER_NOT_TRUSTED',
  ROOT_UNVOUCHED: 'ISSUER_NOT_TRUSTED',
  TRANSITION_INVALID: 'ISSUER_NOT_TRUSTED',
  CLOCK_SKEW: 'CLOCK_SKEW',
  CHAIN_NOT_YET_VALID: 'CLOCK_SKEW',
  VERSION_MISMATCH: 'VERSION_MISMATCH',
  TWO_PRIMARIES: 'TWO_PRIMARIES',
  ADOPTION_REQUIRED: 'ADOPTION_REQUIRED',
  DATACENTER_UNREACHABLE: 'WAITING_PRIMARY',
  SERVER_UNREACHABLE: 'WAITING_PRIMARY',
  TIMEOUT: 'WAITING_PRIMARY',
  CA_UNINITIALIZED: 'WAITING_PRIMARY',
  CONFIG_INVALID: 'WAITING_PRIMARY',
};

/** The state that a failure with this code puts the tie in. */
export const stateOfFailure = (code: ErrorCode | undefined): ReplicationState =>
  (code === undefined ? undefined : STATE_OF_CODE[code]) ?? 'DEGRADED';
