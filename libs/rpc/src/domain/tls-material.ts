import type { SecretText } from '@banyan/kernel';

/** What one end of a connection needs: its certificate with intermediates, the key, and the roots it trusts. */
export interface TlsMaterial {
  /** Leaf first, then intermediates, then the cross-signed certificate while it is needed. */
  readonly certChainPem: string;
  readonly keyPem: SecretText;
  readonly bundlePem: string;
  /** Keys that nobody may believe (SHA-256 of the SubjectPublicKeyInfo, colon hex), whoever certified them. */
  readonly deniedKeys?: readonly string[];
}
