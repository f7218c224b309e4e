import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { BanyanError, type EpochMs } from '@banyan/kernel';
import { parseCertificates } from '@banyan/pki';
import { standingOf } from '../domain/standing.js';
import { readTrustView, type TrustView } from '../domain/trust-view.js';
import type { LeafMaterial, TrustMaterial } from '../ports/mesh-source.js';

/** The certificate, key and trust a proxy uses at one moment, in the forms that TLS takes. */
export interface TlsState {
  readonly trust: TrustView;
  /** The leaf that is presented, and the root of the bundle above it, if there is one. */
  readonly leaf: { readonly serial: string; readonly rootId: string | undefined };
  /** For `tls.Server`, at its creation and for `setSecureContext`. */
  readonly serverOptions: SecureContextOptions;
  /** For `tls.connect`. One context per change: each holds about 42 KB. */
  readonly clientContext: SecureContext;
}

const toState = (leaf: LeafMaterial, trust: TrustView, now: EpochMs): TlsState => {
  const options: SecureContextOptions = {
    cert: leaf.certificatePem,
    key: leaf.privateKeyPem.reveal(),
    ca: trust.roots.map((root) => root.pem),
    minVersion: 'TLSv1.2',
    // A ticket would outlive the removal of a root: a resumed session is not verified again, and shows no chain.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  try {
    const clientContext = createSecureContext(options);
    return { trust, leaf: presentedLeaf(leaf, trust, now), serverOptions: options, clientContext };
  } catch (cause) {
    if (cause instanceof BanyanError) throw cause;
    // The cause of a key that cannot be read may quote it, so it is not passed on.
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new BanyanError('KEY_MISMATCH', `the certificate, its key and the roots do not fit together (${code})`);
  }
};

const presentedLeaf = (leaf: LeafMaterial, trust: TrustView, now: EpochMs): TlsState['leaf'] => {
  const certificates = parseCertificates(leaf.certificatePem);
  const [first] = certificates;
  if (first === undefined) throw new BanyanError('CHAIN_EMPTY', 'the agent gave no certificate');
  const { rootId } = standingOf({ chain: { key: '', certificates }, trust, direction: 'outbound', now });
  return { serial: first.serialHex, rootId };
};

/** Holds the newest material that works. A leaf or bundle that does not is refused, and the last good one stays. */
export class TlsMaterial {
  #leaf: LeafMaterial | undefined;
  #trust: TrustView | undefined;
  #state: TlsState | undefined;

  /** `undefined` until both a leaf and a trust bundle are there. */
  get state(): TlsState | undefined {
    return this.#state;
  }

  /** Throws `KEY_MISMATCH` for a leaf that TLS refuses, `PEM_INVALID`, `CERTIFICATE_INVALID`. */
  acceptLeaf(leaf: LeafMaterial, now: EpochMs): void {
    this.#accept(leaf, this.#trust, now);
  }

  /** Throws `CHAIN_ISSUER_UNKNOWN` for an empty bundle, `PEM_INVALID`, `CERTIFICATE_INVALID`, `KEY_MISMATCH`. */
  acceptTrust(trust: TrustMaterial, now: EpochMs): void {
    this.#accept(this.#leaf, readTrustView(trust), now);
  }

  #accept(leaf: LeafMaterial | undefined, trust: TrustView | undefined, now: EpochMs): void {
    if (leaf !== undefined && trust !== undefined) this.#state = toState(leaf, trust, now);
    this.#leaf = leaf;
    this.#trust = trust;
  }
}
