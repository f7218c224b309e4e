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
  | 'DEGRADED'
  | 'READY';

export interface ReplicationStatus {
  readonly state: ReplicationState;
  readonly reason: string;
  readonly epoch?: string;
  /** The source's index that is applied here. */
  readonly appliedIndex: StateIndex;
  /** The newest index the source told of. */
  readonly sourceIndex: StateIndex;
  readonly lastSuccessAt?: EpochMs;
  readonly lastAttemptAt?: EpochMs;
  readonly lastErrorCode?: ErrorCode;
  readonly consecutiveFailures: number;
}

/** The states that a code names; any other code is a failed round. */
const STATE_OF_CODE: Partial<Record<ErrorCode, ReplicationState>> = {
  PERMISSION_DENIED: 'NOT_PERMITTED',
  ACL_NOT_FOUND: 'NOT_PERMITTED',
  PEER_NOT_ALLOWED: 'NOT_PERMITTED',
  TRUST_DOMAIN_MISMATCH: 'TRUST_DOMAIN_MISMATCH',
  CHAIN_TRUST_DOMAIN_FOREIGN: 'TRUST_DOMAIN_MISMATCH',
  PIN_MISMATCH: 'PIN_MISMATCH',
  DATACENTER_UNREACHABLE: 'WAITING_PRIMARY',
  SERVER_UNREACHABLE: 'WAITING_PRIMARY',
  TIMEOUT: 'WAITING_PRIMARY',
  CA_UNINITIALIZED: 'WAITING_PRIMARY',
  CONFIG_INVALID: 'WAITING_PRIMARY',
};

/** The state that a failure with this code puts the tie in. */
export const stateOfFailure = (code: ErrorCode | undefined): ReplicationState =>
  (code === undefined ? undefined : STATE_OF_CODE[code]) ?? 'DEGRADED';
