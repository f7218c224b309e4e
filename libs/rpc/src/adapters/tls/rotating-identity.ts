import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SpiffeId } from '@banyan/identity';
import { BanyanError } from '@banyan/kernel';
import type { experimental } from '@grpc/grpc-js';
import type { TlsMaterial } from '../../domain/tls-material.js';
import { readPeerCertificate } from './peer-certificate.js';

type Provider = experimental.CertificateProvider;
type CaListener = Parameters<Provider['addCaCertificateListener']>[0];
type IdentityListener = Parameters<Provider['addIdentityCertificateListener']>[0];

/**
 * The TLS material of this process, in memory, replaced as a whole while connections stay open. Empty until the first
 * `rotate`: a server then listens, but every handshake fails.
 */
export class RotatingIdentity implements Provider {
  readonly #ca = new Set<CaListener>();
  readonly #pair = new Set<IdentityListener>();
  readonly #rotated = new Set<() => void>();
  #material: TlsMaterial | undefined;
  #id: SpiffeId | undefined;

  constructor(first?: TlsMaterial) {
    if (first !== undefined) this.rotate(first);
  }

  /** The material in use; undefined before the first `rotate`. */
  get material(): TlsMaterial | undefined {
    return this.#material;
  }

  /** The SPIFFE ID of the certificate in use. */
  get id(): SpiffeId | undefined {
    return this.#id;
  }

  /**
   * Takes `next` for every later connection. Checked before anything is replaced, so that a bad set leaves the last
   * good one in use. Throws `KEY_MISMATCH`, `PEM_INVALID`, `CERTIFICATE_INVALID`, `CHAIN_SAN_INVALID`, `SPIFFE_ID_INVALID`.
   */
  rotate(next: TlsMaterial): void {
    const id = check(next);
    this.#material = next;
    this.#id = id;
    // The roots first: until the pair follows, the old pair with the next roots is still a working set.
    for (const listener of this.#ca) listener(this.#caUpdate());
    for (const listener of this.#pair) listener(this.#pairUpdate());
    for (const listener of this.#rotated) listener();
  }

  /** Calls `listener` after each rotation; the result ends that. */
  onRotated(listener: () => void): () => void {
    this.#rotated.add(listener);
    return () => this.#rotated.delete(listener);
  }

  addCaCertificateListener(listener: CaListener): void {
    this.#ca.add(listener);
    // grpc-js registers its own watcher after this call, and would miss an answer given at once.
    process.nextTick(() => this.#ca.has(listener) && listener(this.#caUpdate()));
  }
  removeCaCertificateListener(listener: CaListener): void {
    this.#ca.delete(listener);
  }
  addIdentityCertificateListener(listener: IdentityListener): void {
    this.#pair.add(listener);
    process.nextTick(() => this.#pair.has(listener) && listener(this.#pairUpdate()));
  }
  removeIdentityCertificateListener(listener: IdentityListener): void {
    this.#pair.delete(listener);
  }

  #caUpdate(): Parameters<CaListener>[0] {
    return this.#material === undefined ? null : { caCertificate: Buffer.from(this.#material.bundlePem) };
  }

  #pairUpdate(): Parameters<IdentityListener>[0] {
    if (this.#material === undefined) return null;
    return {
      certificate: Buffer.from(this.#material.certChainPem),
      privateKey: Buffer.from(this.#material.keyPem.reveal()),
    };
  }
}

const check = (next: TlsMaterial): SpiffeId => {
  let leaf: X509Certificate;
  let keyMatches: boolean;
  try {
    leaf = new X509Certificate(next.certChainPem);
    keyMatches = leaf.checkPrivateKey(createPrivateKey(next.keyPem.reveal()));
    createSecureContext({ cert: next.certChainPem, ca: next.bundlePem });
  } catch {
    // Without the cause: OpenSSL's errors may quote their input.
    throw new BanyanError('PEM_INVALID', 'the certificate chain, the key or the bundle is not PEM of its kind');
  }
  if (!keyMatches) throw new BanyanError('KEY_MISMATCH', 'the private key does not belong to the certificate');
  if (!next.bundlePem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new BanyanError('PEM_INVALID', 'the trust bundle holds no certificate');
  }
  return readPeerCertificate(leaf.raw).id;
};
