import type { SecretText } from '@banyan/kernel';

/** What a server answers: the leaf with its intermediates, leaf first, PEM. */
export interface SignedLeaf {
  /** Leaf, issuer, cross-signed certificates; no root. */
  readonly chainPem: string;
  readonly index: number;
  /** The root above the issuer; absent when the server does not say. */
  readonly rootId?: string;
}

/**
 * Why a leaf is asked for: there was none, its time has come, another root signs, or its root is compromised or not
 * trusted any more.
 */
export type LeafReason = 'first' | 'renewal' | 'rotation' | 'taint';

/** What a server is asked: a PKCS#10 in PEM, on behalf of whom, and why. */
export interface LeafRequest {
  readonly csrPem: string;
  readonly token: SecretText | undefined;
  readonly reason: LeafReason;
}

/** Who signs leaves for us: a server of our datacenter. Throws `CSR_RATE_LIMITED` with `fields.retryAfterMs`. */
export abstract class LeafSigner {
  abstract sign(request: LeafRequest): Promise<SignedLeaf>;
}
