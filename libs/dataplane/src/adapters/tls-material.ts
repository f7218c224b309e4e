import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { BanyanError } from '@banyan/kernel';
import type { LeafMaterial, TrustMaterial } from '../ports/mesh-source.js';

/** The certificate, key and trust a proxy uses at one moment, in the forms that TLS takes. */
export interface TlsState {
  readonly trustDomain: string;
  /** For `tls.Server`, at its creation and for `setSecureContext`. */
  readonly serverOptions: SecureContextOptions;
  /** For `tls.connect`. One context per change: each holds about 42 KB. */
  readonly clientContext: SecureContext;
}

const toState = (leaf: LeafMaterial, trust: TrustMaterial): TlsState => {
  // Without any root Node would trust the public ones instead.
  if (trust.rootPems.length === 0) throw new BanyanError('CHAIN_ISSUER_UNKNOWN', 'the trust bundle is empty');
  const options: SecureContextOptions = {
    cert: leaf.certificatePem,
    key: leaf.privateKeyPem.reveal(),
    ca: [...trust.rootPems],
    minVersion: 'TLSv1.2',
    // A ticket would outlive the removal of a root: a resumed session is not verified again.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  try {
    return { trustDomain: trust.trustDomain, serverOptions: options, clientContext: createSecureContext(options) };
  } catch (cause) {
    // The cause of a key that cannot be read may quote it, so it is not passed on.
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new BanyanError('KEY_MISMATCH', `the certificate, its key and the roots do not fit together (${code})`);
  }
};

/** Holds the newest material that works. A leaf or bundle that does not is refused, and the last good one stays. */
export class TlsMaterial {
  #leaf: LeafMaterial | undefined;
  #trust: TrustMaterial | undefined;
  #state: TlsState | undefined;

  /** `undefined` until both a leaf and a trust bundle are there. */
  get state(): TlsState | undefined {
    return this.#state;
  }

  /** Throws `KEY_MISMATCH` for a leaf that TLS refuses. */
  acceptLeaf(leaf: LeafMaterial): void {
    this.#accept(leaf, this.#trust);
  }

  /** Throws `KEY_MISMATCH`, or `CHAIN_ISSUER_UNKNOWN` for an empty bundle. */
  acceptTrust(trust: TrustMaterial): void {
    this.#accept(this.#leaf, trust);
  }

  #accept(leaf: LeafMaterial | undefined, trust: TrustMaterial | undefined): void {
    if (leaf !== undefined && trust !== undefined) this.#state = toState(leaf, trust);
    this.#leaf = leaf;
    this.#trust = trust;
  }
}
