import type { SecretText } from '@banyan/kernel';

export interface SignedLeaf {
  /** Leaf, issuer, cross-signed certificates; no root. */
  readonly chainPem: string;
  readonly index: number;
}

/** Who signs leaves for us: a server of our datacenter. Throws `CSR_RATE_LIMITED` with `fields.retryAfterMs`. */
export abstract class LeafSigner {
  abstract sign(request: { readonly csrPem: string; readonly token: SecretText | undefined }): Promise<SignedLeaf>;
}
