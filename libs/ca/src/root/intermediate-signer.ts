import { BanyanError, type Clock, type Logger, type Random } from '@banyan/kernel';
import { Certificate, parseCsr, prepareIntermediate, verifyChain } from '@banyan/pki';
import type { CaProjection } from '../adapters/ca-projection.js';
import { intermediateLife } from '../domain/intermediate-need.js';
import type { Requester } from '../domain/issuance.js';
import type { IssuedIntermediate } from '../ports/intermediate-issuer.js';
import type { IssuanceRecorder } from '../ports/issuance-recorder.js';
import { authorityIssuance } from './authority-issuance.js';
import type { OpenRoot } from './provider-access.js';
import type { RootMaker } from './root-maker.js';

/** What {@link IntermediateSigner} needs. */
export interface IntermediateSignerParts {
  readonly projection: CaProjection;
  readonly maker: Pick<RootMaker, 'shortId'>;
  readonly recorder: IssuanceRecorder;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** RFC 5280, ub-common-name. */
const LONGEST_COMMON_NAME = 64;

/** Has a root's provider sign the intermediate of a datacenter, and hands out only what is as it was asked for. */
export class IntermediateSigner {
  constructor(private readonly parts: IntermediateSignerParts) {}

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
    return { certificatePem: certificate.pem, rootId: root.row.id };
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
