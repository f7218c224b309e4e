import { BanyanError, type Clock, type Logger, type Random } from '@banyan/kernel';
import { Certificate, parseCsr, prepareIntermediate, verifyChain } from '@banyan/pki';
import type { Store } from '@banyan/store';
import type { CaProjection } from '../adapters/ca-projection.js';
import { HandedIntermediates } from '../adapters/handed-intermediates.js';
import { intermediateLife } from '../domain/intermediate-need.js';
import type { Requester } from '../domain/issuance.js';
import type { IssuedIntermediate } from '../ports/intermediate-issuer.js';
import type { IssuanceRecorder } from '../ports/issuance-recorder.js';
import { authorityIssuance } from './authority-issuance.js';
import type { OpenRoot } from './provider-access.js';
import type { RootMaker } from './root-maker.js';

/** What {@link IntermediateSigner} needs. */
export interface IntermediateSignerParts {
  readonly store: Store;
  readonly projection: CaProjection;
  readonly maker: Pick<RootMaker, 'shortId'>;
  readonly recorder: IssuanceRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** RFC 5280, ub-common-name. */
const LONGEST_COMMON_NAME = 64;
/** An intermediate is renewed at half of its life; one that is handed out again must be far from that. */
const FRESH_SHARE = 0.9;

/** Has a root's provider sign the intermediate of a datacenter, and hands out only what is as it was asked for. */
export class IntermediateSigner {
  readonly #handed: HandedIntermediates;

  constructor(private readonly parts: IntermediateSignerParts) {
    this.#handed = new HandedIntermediates(parts.store);
  }

  /** Fails with the code of what is wrong with the CSR or the product, or with a `PROVIDER_…` code. */
  async sign(
    order: {
      readonly csrPem: string;
      readonly datacenter: string;
      readonly root: OpenRoot;
      readonly requester: Requester;
    },
    signal: AbortSignal,
  ): Promise<IssuedIntermediate> {
    const { csrPem, datacenter, root, requester } = order;
    const { projection, clock, random, maker, recorder, logger } = this.parts;
    const now = clock.now();
    const askedMs = projection.getConfiguration().parsed.intermediateTtlMs;
    const { shortened } = intermediateLife({ askedMs, rootNotAfter: root.certificate.notAfter, now });
    const request = parseCsr(csrPem);
    this.#requireBelievable(request.keyFingerprint, datacenter);
    const { clusterId, name: trustDomain } = projection.getTrustDomain();
    const commonName = `sec-${maker.shortId()}.${datacenter}.ca.${clusterId.slice(0, 8)}.consul`;
    const subject = { commonName: commonName.slice(0, LONGEST_COMMON_NAME), uri: request.uris[0] ?? '' };
    const prepared = prepareIntermediate({
      request,
      issuer: root.certificate,
      trustDomain,
      commonName: subject.commonName,
      lifetimeMs: askedMs,
      now,
      random,
    });
    const place = { rootId: root.row.id, datacenter, request: Buffer.from(csrPem.trim()) };
    const before = await this.#handed.find(place);
    const again = before === undefined ? undefined : this.#stillGood(before, root.certificate, request.spki);
    if (again !== undefined) {
      logger.info('intermediate handed out again', { forDatacenter: datacenter, serial: again.serialHex });
      return { certificatePem: again.pem, rootId: root.row.id };
    }
    const asked = { prepared, csrPem, ...subject, notAfter: prepared.notAfter, issuerPem: root.certificate.pem };
    const certificate = Certificate.fromPem(await root.provider.signIntermediate(root.keyReference, asked, signal));
    this.#requireProduct(certificate, root.certificate, request.spki);
    const issuance = { certificate, issuer: root.certificate, subject: datacenter, requester, now };
    await recorder.record(authorityIssuance({ kind: 'intermediate', ...issuance }));
    logger.info('intermediate signed', {
      forDatacenter: datacenter,
      root: root.row.id,
      serial: certificate.serialHex,
      fingerprint: certificate.fingerprintSha256,
      notAfter: new Date(certificate.notAfter).toISOString(),
      ...(shortened !== undefined && { shortened }),
    });
    // Recorded before it is kept, kept before it is answered: an answer that is lost is given again.
    const certificatePem = await this.#handed.keep(place, certificate, { replaced: before, now });
    return { certificatePem, rootId: root.row.id };
  }

  /** A certificate of a key that everybody refuses would be one more thing that a thief can show. */
  #requireBelievable(keyFingerprint: string, datacenter: string): void {
    const denied = this.parts.projection.state.deniedKeys.find((each) => each.keyFingerprint === keyFingerprint);
    if (denied === undefined) return;
    throw new BanyanError('CHAIN_KEY_DENIED', `the key that ${datacenter} asks with is denied: ${denied.reason}`, {
      fields: { datacenter, key: keyFingerprint },
    });
  }

  /** What was handed out for the same request, while nearly all of its life is left: else the retry would be old already. */
  #stillGood(pem: string, root: Certificate, spki: Uint8Array): Certificate | undefined {
    const certificate = Certificate.fromPem(pem);
    const { notBefore, notAfter } = certificate;
    const leftMs = notAfter - this.parts.clock.now();
    if (leftMs < (notAfter - notBefore) * FRESH_SHARE) return undefined;
    this.#requireProduct(certificate, root, spki);
    return certificate;
  }

  /** Providers make certificates of their own: the key, the URI and the path to the root must be what was asked for. */
  #requireProduct(certificate: Certificate, root: Certificate, spki: Uint8Array): void {
    if (Buffer.compare(certificate.spki, spki) !== 0) {
      throw new BanyanError(
        'KEY_MISMATCH',
        'the provider signed an intermediate for another key than the one asked for',
      );
    }
    if (certificate.notAfter > root.notAfter) {
      throw new BanyanError(
        'CERTIFICATE_PROFILE_VIOLATED',
        'the provider signed an intermediate that outlives its root',
      );
    }
    const verdict = verifyChain({
      presented: [certificate],
      anchors: [root],
      now: this.parts.clock.now(),
      trustDomain: this.parts.projection.getTrustDomain().name,
      usage: 'authority',
    });
    if (!verdict.ok) throw new BanyanError(verdict.code, `the signed intermediate is refused: ${verdict.reason}`);
  }
}
