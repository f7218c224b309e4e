import { BanyanError, type Clock, type Random } from '@banyan/kernel';
import type { TrustDomain } from '@banyan/identity';
import { Certificate, prepareCrossSigned } from '@banyan/pki';
import type { CaConfiguration } from '../domain/ca-configuration.js';
import { acceptRoot } from '../domain/root-acceptance.js';
import type { RootRecord } from '../domain/root-record.js';
import type { RootProvider } from '../ports/root-provider.js';
import type { OpenRoot, ProviderAccess, SecretConfiguration } from './provider-access.js';
import { proveRoot } from './root-proof.js';

/** What {@link RootMaker} needs. */
export interface RootMakerParts {
  readonly datacenter: string;
  readonly access: ProviderAccess;
  readonly clock: Clock;
  readonly random: Random;
}

/** All that the next root is made from. */
export interface RootRecipe {
  readonly rotationId: string;
  readonly configuration: SecretConfiguration;
  readonly parsed: CaConfiguration;
  readonly trustDomain: TrustDomain;
  readonly bundle: readonly RootRecord[];
  /** Vouches for the next root; absent for the first root, and where nobody shall vouch. */
  readonly voucher?: OpenRoot;
}

/** A root with everything that is stored of it, before it has a place among the others. */
export interface ProvedRoot {
  readonly certificate: Certificate;
  readonly keyReference: string;
  readonly crossSigned: Certificate | undefined;
}

const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz';

/** Has a provider make a root, has the previous one vouch for it, and proves both before anything rests on them. */
export class RootMaker {
  constructor(private readonly parts: RootMakerParts) {}

  /** Throws `CA_CONFIG_INVALID`, a `PROVIDER_…` code, or the code of a path that does not verify. */
  async make(recipe: RootRecipe, signal: AbortSignal): Promise<ProvedRoot> {
    const { parsed, trustDomain, bundle, configuration, rotationId } = recipe;
    const { access, clock } = this.parts;
    const provider = access.kind(configuration.provider).open(configuration.options);
    const provided = await provider.provide(
      {
        rotationId,
        trustDomain: trustDomain.name,
        // Every root has a name of its own: OpenSSL finds issuers by name, and two roots of one name break its search.
        commonName: `pri-${this.shortId()}.consul.ca.${trustDomain.clusterId.slice(0, 8)}.consul`,
        keySpec: parsed.keySpec,
        lifetimeMs: parsed.rootTtlMs,
        now: clock.now(),
      },
      signal,
    );
    const certificate = Certificate.fromPem(provided.certificatePem);
    acceptRoot({
      certificate,
      trustDomain: trustDomain.name,
      bundle,
      now: clock.now(),
      leastLifeMs: parsed.skipValidate ? 0 : 3 * parsed.leafTtlMs,
      uriMayBeAbsent: configuration.provider !== 'consul',
    });
    const root = { certificate, keyReference: provided.keyReference };
    const crossSigned = recipe.voucher && (await this.#crossSign(certificate, recipe.voucher, signal));
    await this.#prove({ ...root, provider, crossSigned }, recipe, signal);
    return { ...root, crossSigned };
  }

  shortId(): string {
    return [...this.parts.random.bytes(8)].map((byte) => BASE36[byte % BASE36.length]).join('');
  }

  async #crossSign(next: Certificate, voucher: OpenRoot, signal: AbortSignal): Promise<Certificate> {
    const { clock, random } = this.parts;
    const prepared = prepareCrossSigned({ subject: next, issuer: voucher.certificate, now: clock.now(), random });
    const order = { prepared, nextRootPem: next.pem };
    const pem = await voucher.provider.crossSign(voucher.keyReference, order, signal);
    const product = Certificate.fromPem(pem);
    if (!product.publicKey.equals(next.publicKey)) {
      throw new BanyanError('KEY_MISMATCH', 'the cross-signed certificate does not belong to the next root');
    }
    return product;
  }

  async #prove(
    root: {
      provider: RootProvider;
      certificate: Certificate;
      keyReference: string;
      crossSigned: Certificate | undefined;
    },
    { trustDomain, voucher }: RootRecipe,
    signal: AbortSignal,
  ): Promise<void> {
    const { datacenter, clock, random } = this.parts;
    const { provider, keyReference, certificate, crossSigned } = root;
    await proveRoot(
      {
        provider,
        keyReference,
        root: certificate,
        ...(crossSigned && voucher && { crossing: { crossSigned, previous: voucher.certificate } }),
        trustDomain: trustDomain.name,
        clusterId: trustDomain.clusterId,
        datacenter,
        now: clock.now(),
        random,
      },
      signal,
    );
  }
}
