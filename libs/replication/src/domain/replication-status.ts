import type { EpochMs, ErrorCode, StateIndex } from '@banyan/kernel';

/** The named states of a datacenter's tie to its primary. Phase and health in one word an operator can search for. */
export type ReplicationState =
  | 'STARTING'
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

/** The state that a failure with this code puts the tie in. */
export const stateOfFailure = (code: ErrorCode | undefined): ReplicationState => {
  switch (code) {
    case 'PERMISSION_DENIED':
    case 'ACL_NOT_FOUND':
    case 'PEER_NOT_ALLOWED':
      return 'NOT_PERMITTED';
    case 'TRUST_DOMAIN_MISMATCH':
    case 'CHAIN_TRUST_DOMAIN_FOREIGN':
      return 'TRUST_DOMAIN_MISMATCH';
    case 'PIN_MISMATCH':
      return 'PIN_MISMATCH';
    case 'DATACENTER_UNREACHABLE':
    case 'SERVER_UNREACHABLE':
    case 'TIMEOUT':
    case 'CA_UNINITIALIZED':
      return 'WAITING_PRIMARY';
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- every other code is a failed round, not a named state
    default:
      return 'DEGRADED';
  }
};
