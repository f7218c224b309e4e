import type { SpiffeId } from '@banyan/identity';

/** The circumstances of a call from a peer without a certificate. */
export interface OpenCall {
  /** host:port the call came from; for logs and audit, never for decisions. */
  readonly remoteAddress: string;
  /** Aborted when the caller has gone away or its deadline has passed. */
  readonly signal: AbortSignal;
}

/** The circumstances of a call from a peer whose certificate was verified and whose kind this edge takes. */
export interface PeerCall extends OpenCall {
  readonly peer: SpiffeId;
}
