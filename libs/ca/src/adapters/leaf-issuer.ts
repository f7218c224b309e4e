import {
  BanyanError,
  type Clock,
  epochMs,
  type EpochMs,
  type Random,
  SingleFlight,
  type StateIndex,
  type Timers,
} from '@banyan/kernel';
import { parseSpiffeId, type SpiffeId } from '@banyan/identity';
import {
  Certificate,
  type CertificateRequest,
  issue,
  LocalSigner,
  parseCsr,
  type PreparedCertificate,
  prepareLeaf,
} from '@banyan/pki';
import type { Store } from '@banyan/store';
import { inChildSpan } from '@banyan/telemetry';
import { CsrLimiter } from '../domain/csr-limiter.js';
import { CsrTally } from '../domain/csr-tally.js';
import type { Requester } from '../domain/issuance.js';
import { crossSignedPath } from '../domain/root-record.js';
import { WorkTime } from '../domain/work-time.js';
import type { IssuanceRecorder } from '../ports/issuance-recorder.js';
import type { ActiveAuthority, CaProjection } from './ca-projection.js';

type LeafId = Extract<SpiffeId, { readonly kind: 'service' | 'agent' | 'server' }>;

/** A checked request for a leaf: whose it would be is known, so that the edge can ask whether the caller may. */
export interface LeafOrder {
  readonly id: LeafId;
  readonly request: CertificateRequest;
}

/** A leaf as it is handed out. */
export interface IssuedLeaf {
  readonly certificate: Certificate;
  /** Leaf, its issuer, then cross-signed certificates while an earlier root is in the bundle; no root. */
  readonly chainPem: string;
  readonly rootId: string;
  readonly index: StateIndex;
}

/** What {@link LeafIssuer} needs. */
export interface LeafIssuerOptions {
  readonly datacenter: string;
  readonly store: Store;
  readonly projection: CaProjection;
  readonly recorder: IssuanceRecorder;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

/** The horizon is written once per this part of a leaf's life; the ledger takes an entry for every leaf, in batches. */
const HORIZON_STEP = 0.1;

/**
 * Signs leaves with the datacenter's intermediate. `prepare` checks what can be checked without deciding anything;
 * `issue` records and signs, in this order. Nothing lives longer than its issuer, no leaf exists past its authority's
 * recorded horizon, and none that is not in the ledger.
 */
export class LeafIssuer {
  readonly #limiter: CsrLimiter;
  #signer: { authorityId: string; signer: LocalSigner } | undefined;
  /** What was asked of this process, and what it answered. */
  readonly tally = new CsrTally();
  #horizon: { authorityId: string; until: EpochMs } | undefined;
  readonly #horizonWrites = new SingleFlight<string, void>();
  readonly #preparing = new WorkTime();
  readonly #signing = new WorkTime();

  constructor(private readonly options: LeafIssuerOptions) {
    this.#limiter = new CsrLimiter(
      () => {
        const { csrMaxPerSecond, csrMaxConcurrent } = options.projection.getConfiguration().parsed;
        return { perSecond: csrMaxPerSecond, concurrent: csrMaxConcurrent };
      },
      options.timers,
      options.clock,
    );
  }

  /**
   * Parses a CSR and checks that it asks for an identity of this datacenter. Fails with the `CSR_*` codes, `KEY_TOO_WEAK`
   * or `INPUT_TOO_LARGE`.
   */
  prepare(csrPem: string): LeafOrder {
    this.#preparing.begin(performance.now());
    this.tally.offered();
    let done = false;
    try {
      const order = this.#prepare(csrPem);
      done = true;
      return order;
    } catch (error) {
      this.tally.refused(error);
      throw error;
    } finally {
      this.#preparing.end(performance.now(), done);
    }
  }

  #prepare(csrPem: string): LeafOrder {
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

  /** Leaves per second that this process can sign, measured: what checking a request and signing it took. */
  get measuredPerSecond(): number | undefined {
    const { meanMs: preparingMs } = this.#preparing;
    const { meanMs: signingMs } = this.#signing;
    return preparingMs === undefined || signingMs === undefined ? undefined : 1_000 / (preparingMs + signingMs);
  }

  /** Records and signs within the CSR limits (`CSR_RATE_LIMITED` tells when to come back). Throws what the recorder throws. */
  async issue(order: LeafOrder, requester: Requester): Promise<IssuedLeaf> {
    return this.#counted(order, () => this.#limiter.run(() => this.#sign(order, requester)));
  }

  /** Records and signs for banyan's own processes (servers, agents), which must not wait behind workloads. */
  issueOwn(order: LeafOrder, requester: Requester): Promise<IssuedLeaf> {
    return this.#counted(order, () => this.#sign(order, requester));
  }

  async #counted({ id }: LeafOrder, work: () => Promise<IssuedLeaf>): Promise<IssuedLeaf> {
    try {
      return await inChildSpan({ name: 'leaf.issue', attributes: { 'banyan.kind': id.kind } }, work);
    } catch (error) {
      this.tally.refused(error);
      throw error;
    }
  }

  async #sign({ id, request }: LeafOrder, requester: Requester): Promise<IssuedLeaf> {
    const { projection, clock, random } = this.options;
    const authority = projection.getActive();
    const now = clock.now();
    if (authority.certificate.notAfter <= now) {
      throw new BanyanError('CA_EXPIRED', 'the signing authority has expired: see /readyz for why it was not renewed');
    }
    const lifetimeMs = projection.getConfiguration().parsed.leafTtlMs;
    const prepared = prepareLeaf({ request, issuer: authority.certificate, lifetimeMs, now, random });
    await this.#extendHorizon(authority, epochMs(now + lifetimeMs), lifetimeMs);
    await this.options.recorder.record({
      kind: id.kind,
      serialHex: prepared.serialHex,
      uri: request.uris[0]!,
      subject: subjectOf(id),
      issuerKeyId: authority.certificate.subjectKeyId ?? '',
      rootId: authority.rootId,
      requester,
      notBefore: prepared.notBefore,
      notAfter: prepared.notAfter,
      issuedAt: now,
    });
    const certificate = await this.#signed(prepared, authority);
    this.tally.served(id.kind);
    return {
      certificate,
      chainPem: this.#chain(certificate, authority),
      rootId: authority.rootId,
      index: authority.modifyIndex,
    };
  }

  async #signed(prepared: PreparedCertificate, authority: ActiveAuthority): Promise<Certificate> {
    this.#signing.begin(performance.now());
    let done = false;
    try {
      const certificate = await issue(prepared, this.#signerOf(authority));
      done = true;
      return certificate;
    } finally {
      this.#signing.end(performance.now(), done);
    }
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
    const recorded = (): boolean => this.#horizon?.authorityId === authority.id && this.#horizon.until >= needed;
    // Whoever joins a write under way may need a little more than it wrote.
    while (!recorded()) {
      const until = epochMs(needed + lifetimeMs * HORIZON_STEP);
      await this.#horizonWrites.run(authority.id, () => this.#writeHorizon(authority.id, until));
    }
  }

  async #writeHorizon(authorityId: string, until: EpochMs): Promise<void> {
    await this.options.store.run(({ manager }) =>
      manager.query(`UPDATE signing_authority SET leaf_horizon = GREATEST(leaf_horizon, $2) WHERE id = $1`, [
        authorityId,
        new Date(until),
      ]),
    );
    this.#horizon = { authorityId, until };
  }
}

const subjectOf = (id: LeafId): string => {
  if (id.kind === 'service') return id.service;
  return id.kind === 'agent' ? id.node : id.datacenter;
};
