import {
  BanyanError,
  type Clock,
  epochMs,
  type EpochMs,
  isBanyanError,
  type Random,
  type StateIndex,
  type Timers,
} from '@banyan/kernel';
import { parseSpiffeId, type SpiffeId } from '@banyan/identity';
import { Certificate, type CertificateRequest, issue, LocalSigner, parseCsr, prepareLeaf } from '@banyan/pki';
import type { Store } from '@banyan/store';
import { CsrLimiter } from '../domain/csr-limiter.js';
import { crossSignedPath } from '../domain/root-record.js';
import type { ActiveAuthority, CaProjection } from './ca-projection.js';

/** A checked request for a leaf: whose it would be is known, so that the edge can ask whether the caller may. */
export interface LeafOrder {
  readonly id: SpiffeId;
  readonly request: CertificateRequest;
}

export interface IssuedLeaf {
  readonly certificate: Certificate;
  /** Leaf, its issuer, then cross-signed certificates while an earlier root is in the bundle; no root. */
  readonly chainPem: string;
  readonly rootId: string;
  readonly index: StateIndex;
}

export interface LeafIssuerOptions {
  readonly datacenter: string;
  readonly store: Store;
  readonly projection: CaProjection;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** Leaves are signed by any replica, from memory; the store is touched once per {@link HORIZON_STEP} of a leaf's life. */
const HORIZON_STEP = 0.1;

/**
 * Signs leaves with the datacenter's intermediate. `prepare` checks what can be checked without deciding anything;
 * `issue` signs. Nothing lives longer than its issuer, and no leaf exists past its authority's recorded horizon.
 */
export class LeafIssuer {
  readonly #limiter: CsrLimiter;
  #signer: { authorityId: string; signer: LocalSigner } | undefined;
  #counts = { signed: 0, limited: 0 };
  #horizon: { authorityId: string; until: EpochMs } | undefined;

  constructor(private readonly options: LeafIssuerOptions) {
    this.#limiter = new CsrLimiter(() => {
      const { csrMaxPerSecond, csrMaxConcurrent } = options.projection.getConfiguration().parsed;
      return { perSecond: csrMaxPerSecond, concurrent: csrMaxConcurrent };
    }, options.timers);
  }

  /**
   * Parses a CSR and checks that it asks for an identity of this datacenter. Fails with the `CSR_*` codes, `KEY_TOO_WEAK`
   * or `INPUT_TOO_LARGE`.
   */
  prepare(csrPem: string): LeafOrder {
    const request = parseCsr(csrPem);
    if (request.uris.length !== 1) {
      throw new BanyanError('CSR_SAN_INVALID', `CSR SAN contains an invalid number of URIs: ${request.uris.length}`);
    }
    if (request.emails.length > 0)
      throw new BanyanError('CSR_SAN_INVALID', 'CSR SAN does not allow specifying email addresses');
    const id = parseSpiffeId(request.uris[0]!);
    if (id.kind === 'signing' || id.kind === 'mesh-gateway') {
      throw new BanyanError('CSR_SAN_INVALID', `a leaf is not issued for ${id.kind} identities`);
    }
    const ours = this.options.projection.getTrustDomain().name;
    if (id.datacenter !== this.options.datacenter) {
      throw new BanyanError(
        'CSR_DATACENTER_FOREIGN',
        `SPIFFE ID in CSR from a different datacenter: ${id.datacenter}, we are ${this.options.datacenter}`,
      );
    }
    if (id.trustDomain !== ours) {
      throw new BanyanError(
        'CSR_TRUST_DOMAIN_FOREIGN',
        `SPIFFE ID in CSR from a different trust domain: ${id.trustDomain}, we are ${ours}`,
      );
    }
    return { id, request };
  }

  /** How many leaves this process signed, and how many requests it told to come back later. */
  get counts(): { readonly signed: number; readonly limited: number } {
    return this.#counts;
  }

  /** Signs within the CSR limits (`CSR_RATE_LIMITED` tells when to come back). */
  async issue(order: LeafOrder): Promise<IssuedLeaf> {
    try {
      return await this.#limiter.run(this.options.clock.now(), () => this.#sign(order));
    } catch (error) {
      if (isBanyanError(error, 'CSR_RATE_LIMITED')) this.#counts.limited += 1;
      throw error;
    }
  }

  /** Signs for banyan's own processes (servers, agents), which must not wait behind workloads. */
  issueOwn(order: LeafOrder): Promise<IssuedLeaf> {
    return this.#sign(order);
  }

  async #sign({ request }: LeafOrder): Promise<IssuedLeaf> {
    const { projection, clock, random } = this.options;
    const authority = projection.getActive();
    const now = clock.now();
    if (authority.certificate.notAfter <= now) {
      throw new BanyanError('CA_EXPIRED', 'the signing authority has expired: see /readyz for why it was not renewed');
    }
    const lifetimeMs = projection.getConfiguration().parsed.leafTtlMs;
    const prepared = prepareLeaf({ request, issuer: authority.certificate, lifetimeMs, now, random });
    await this.#extendHorizon(authority, epochMs(now + lifetimeMs), lifetimeMs);
    const certificate = await issue(prepared, this.#signerOf(authority));
    this.#counts.signed += 1;
    return {
      certificate,
      chainPem: this.#chain(certificate, authority),
      rootId: authority.rootId,
      index: authority.modifyIndex,
    };
  }

  #chain(leaf: Certificate, authority: ActiveAuthority): string {
    const { roots } = this.options.projection.state;
    const root = roots.find((r) => r.id === authority.rootId);
    const cross = root === undefined ? [] : crossSignedPath(root, roots);
    return [leaf, authority.certificate, ...cross].map((c) => c.pem).join('');
  }

  #signerOf(authority: ActiveAuthority): LocalSigner {
    if (this.#signer?.authorityId !== authority.id) {
      this.#signer = { authorityId: authority.id, signer: new LocalSigner(authority.keyPair.privateKey) };
    }
    return this.#signer.signer;
  }

  /** Records, before the leaf exists, until when leaves of this authority may live; rounded up, so writes are few. */
  async #extendHorizon(authority: ActiveAuthority, needed: EpochMs, lifetimeMs: number): Promise<void> {
    if (this.#horizon?.authorityId === authority.id && this.#horizon.until >= needed) return;
    const until = epochMs(needed + lifetimeMs * HORIZON_STEP);
    await this.options.store.dataSource.query(
      `UPDATE signing_authority SET leaf_horizon = GREATEST(leaf_horizon, $2) WHERE id = $1`,
      [authority.id, new Date(until)],
    );
    this.#horizon = { authorityId: authority.id, until };
  }
}
