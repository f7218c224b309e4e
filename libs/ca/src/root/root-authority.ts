import { BanyanError, canonicalJson, type Clock, type JsonValue, type Logger, type Random } from '@banyan/kernel';
import { TrustDomain } from '@banyan/identity';
import {
  Certificate,
  exportPrivateKeyPem,
  generateKeyPair,
  importPrivateKeyPem,
  issue,
  type KeyPair,
  LocalSigner,
  parseCsr,
  prepareCrossSigned,
  prepareIntermediate,
  prepareRoot,
} from '@banyan/pki';
import type { Fence, KeyEncryption, Store, Transaction } from '@banyan/store';
import type { ChangeFollower } from '@banyan/watch';
import {
  type CaConfiguration,
  DEFAULT_OPTIONS,
  needsNextRoot,
  parseCaConfiguration,
  refuse,
} from '../domain/ca-configuration.js';
import { acceptOwnRoot } from '../domain/own-root.js';
import { type CaProjection, rootKeyContext } from '../adapters/ca-projection.js';
import { RootAuthorityRow } from '../adapters/ca-rows.js';
import { writeCaConfiguration, writeTrustDomain } from '../adapters/configuration-writes.js';
import { type RootContent, writeRoot } from '../adapters/root-writes.js';
import type { IssuedIntermediate } from '../ports/intermediate-issuer.js';

export interface RootAuthorityOptions {
  readonly datacenter: string;
  readonly store: Store;
  readonly follower: ChangeFollower;
  readonly projection: CaProjection;
  readonly keys: KeyEncryption;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const CATCH_UP_LIMIT_MS = 10_000;
const BASE36 = '0123456789abcdefghijklmnopqrstuvwxyz';

/** A root that exists but is not stored yet. */
interface PreparedRoot {
  readonly keyPair: KeyPair;
  readonly certificate: Certificate;
}

/** A change of configuration, as an operator asks for it. */
export interface ConfigurationChange {
  readonly provider: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly forceWithoutCrossSigning: boolean;
}

export type ConfigurationOutcome =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'stored' }
  | { readonly kind: 'rotated'; readonly rootId: string; readonly previousRootId: string };

/**
 * The root of the trust domain: exists in the primary only. Its key signs intermediates and cross-signed certificates,
 * nothing else, and is opened for the moment of a signature.
 */
export class RootAuthority {
  constructor(private readonly options: RootAuthorityOptions) {}

  /** Makes the trust domain, the configuration and the first root, once, in one transaction. */
  async initialize(fence: Fence): Promise<void> {
    const { projection, random, datacenter, logger } = this.options;
    if (projection.state.trustDomain !== undefined) return;
    const trustDomain = TrustDomain.ofCluster(random.uuid());
    const configuration = parseCaConfiguration('consul', DEFAULT_OPTIONS);
    const root = await this.#makeRoot(configuration, trustDomain);
    await this.#commit(fence, (tx) => {
      tx.stage(writeTrustDomain({ clusterId: trustDomain.clusterId, primaryDatacenter: datacenter }));
      tx.stage(
        writeCaConfiguration({ provider: 'consul', config: { ...DEFAULT_OPTIONS }, forceWithoutCrossSigning: false }),
      );
      tx.stage(writeRoot(this.#content(root, { generation: 1, crossSigned: undefined })));
    });
    logger.info('trust domain created', {
      trustDomain: trustDomain.name,
      root: root.certificate.fingerprintSha1,
      fingerprint: root.certificate.fingerprintSha256,
    });
  }

  /** Signs a datacenter's intermediate under the active root. Fails with the code of what is wrong with the CSR. */
  async signIntermediate(csrPem: string, datacenter: string): Promise<IssuedIntermediate> {
    const { projection, clock, random, logger } = this.options;
    const request = parseCsr(csrPem);
    const root = await this.#openActiveRoot();
    const trustDomain = projection.getTrustDomain();
    const prepared = prepareIntermediate({
      request,
      issuer: root.certificate,
      trustDomain: trustDomain.name,
      commonName: `sec-${this.#shortId()}.${datacenter}.ca.${trustDomain.clusterId.slice(0, 8)}.consul`.slice(0, 64),
      lifetimeMs: projection.getConfiguration().parsed.intermediateTtlMs,
      now: clock.now(),
      random,
    });
    const certificate = await issue(prepared, new LocalSigner(root.keyPair.privateKey));
    logger.info('intermediate signed', {
      forDatacenter: datacenter,
      root: root.certificate.fingerprintSha1,
      serial: certificate.serialHex,
      fingerprint: certificate.fingerprintSha256,
      notAfter: new Date(certificate.notAfter).toISOString(),
    });
    return { certificatePem: certificate.pem, rootId: root.certificate.fingerprintSha1 };
  }

  /**
   * Applies a configuration: nothing when equal, stored when no root depends on it, else a rotation: the next root,
   * cross-signed by the present one, becomes active in one transaction. Fails with `CA_CONFIG_INVALID`,
   * `CA_PROVIDER_UNKNOWN` or `CA_CONFLICT`. Any replica may do it: the rows it rests on are locked and compared.
   */
  async configure(change: ConfigurationChange): Promise<ConfigurationOutcome> {
    const { projection, logger } = this.options;
    const current = projection.getConfiguration();
    const next = parseCaConfiguration(change.provider, change.options);
    const stored = {
      provider: change.provider,
      config: { ...next.options },
      forceWithoutCrossSigning: change.forceWithoutCrossSigning,
    };
    const equal =
      current.forceWithoutCrossSigning === change.forceWithoutCrossSigning &&
      canonicalJson(current.parsed.options as JsonValue) === canonicalJson(next.options as JsonValue);
    if (equal && next.ownRoot === undefined) return { kind: 'unchanged' };
    if (!needsNextRoot(current.parsed, next)) {
      // A key that is given has to fit, even where its root stays: silence would say that it is the one in use.
      if (next.ownRoot !== undefined) await this.#makeRoot(next, projection.getTrustDomain());
      await this.#commit(undefined, async (tx) => {
        await this.#lockConfiguration(tx, current.modifyIndex);
        tx.stage(writeCaConfiguration(stored));
      });
      return { kind: 'stored' };
    }
    if (next.ownRoot === undefined && next.keptHiddenKey) {
      throw refuse('PrivateKey is hidden: give the key itself, or leave out RootCert and PrivateKey');
    }
    const previous = await this.#openActiveRoot();
    const root = await this.#makeRoot(next, projection.getTrustDomain());
    if (root.certificate.fingerprintSha1 === previous.certificate.fingerprintSha1) {
      await this.#commit(undefined, async (tx) => {
        await this.#lockConfiguration(tx, current.modifyIndex);
        tx.stage(writeCaConfiguration(stored));
      });
      return { kind: 'stored' };
    }
    const crossSigned = change.forceWithoutCrossSigning ? undefined : await this.#crossSign(root, previous);
    await this.#commit(undefined, async (tx) => {
      await this.#lockConfiguration(tx, current.modifyIndex);
      const row = await this.#lockRoot(tx, previous.certificate.fingerprintSha1);
      tx.stage(
        writeRoot(Object.assign({}, row, { state: 'inactive' as const, rotatedOutAt: this.options.clock.now() })),
      );
      tx.stage(writeRoot(this.#content(root, { generation: row.generation + 1, crossSigned })));
      tx.stage(writeCaConfiguration(stored));
    });
    const outcome = {
      kind: 'rotated',
      rootId: root.certificate.fingerprintSha1,
      previousRootId: previous.certificate.fingerprintSha1,
    } as const;
    logger.info('root rotated', { ...outcome, crossSigned: crossSigned !== undefined });
    return outcome;
  }

  async #makeRoot(configuration: CaConfiguration, trustDomain: TrustDomain): Promise<PreparedRoot> {
    const { clock, random, projection } = this.options;
    if (configuration.ownRoot !== undefined) {
      const offer = { ...configuration.ownRoot, trustDomain: trustDomain.name, bundle: projection.state.roots };
      const leastLifeMs = configuration.skipValidate ? 0 : 3 * configuration.leafTtlMs;
      return acceptOwnRoot({ ...offer, now: clock.now(), leastLifeMs });
    }
    const keyPair = await generateKeyPair(configuration.keySpec);
    const prepared = prepareRoot({
      publicKey: keyPair.publicKey,
      trustDomain: trustDomain.name,
      // Every root has a name of its own: OpenSSL finds issuers by name, and two roots of one name break its search.
      commonName: `pri-${this.#shortId()}.consul.ca.${trustDomain.clusterId.slice(0, 8)}.consul`,
      lifetimeMs: configuration.rootTtlMs,
      now: clock.now(),
      random,
    });
    return { keyPair, certificate: await issue(prepared, new LocalSigner(keyPair.privateKey)) };
  }

  async #crossSign(next: PreparedRoot, previous: PreparedRoot): Promise<Certificate> {
    const { clock, random } = this.options;
    const prepared = prepareCrossSigned({
      subject: next.certificate,
      issuer: previous.certificate,
      now: clock.now(),
      random,
    });
    return issue(prepared, new LocalSigner(previous.keyPair.privateKey));
  }

  async #openActiveRoot(): Promise<PreparedRoot> {
    const { store, keys, projection } = this.options;
    const row = await store.dataSource.manager.findOne(RootAuthorityRow, { where: { state: 'active' } });
    if (row === null || row.sealedKey === null) {
      throw new BanyanError('CA_UNINITIALIZED', 'no active root with its key is stored here yet');
    }
    if (projection.wantedRoot?.id !== row.id)
      throw new BanyanError('CA_CONFLICT', 'the active root is changing: repeat the request');
    return {
      certificate: Certificate.fromPem(row.certificatePem),
      keyPair: importPrivateKeyPem(keys.open(row.sealedKey, rootKeyContext(row.id)).toString('utf8')),
    };
  }

  #content(root: PreparedRoot, place: { generation: number; crossSigned: Certificate | undefined }): RootContent {
    const id = root.certificate.fingerprintSha1;
    return {
      id,
      fingerprintSha256: root.certificate.fingerprintSha256,
      generation: place.generation,
      name: 'Consul CA Primary Cert',
      certificatePem: root.certificate.pem,
      crossSignedPem: place.crossSigned?.pem ?? null,
      sealedKey: this.options.keys.seal(exportPrivateKeyPem(root.keyPair.privateKey), rootKeyContext(id)),
      state: 'active',
      rotatedOutAt: null,
      privateKeyType: root.keyPair.spec.type,
      privateKeyBits: root.keyPair.spec.bits,
    };
  }

  async #lockConfiguration(tx: Transaction, expectedModifyIndex: number): Promise<void> {
    const rows: { modify_index: string }[] = await tx.manager.query(
      'SELECT modify_index FROM ca_configuration WHERE id = 1 FOR UPDATE',
    );
    if (Number(rows[0]?.modify_index) !== expectedModifyIndex) throw conflict();
  }

  async #lockRoot(tx: Transaction, id: string): Promise<RootAuthorityRow> {
    const row = await tx.manager.findOne(RootAuthorityRow, { where: { id }, lock: { mode: 'pessimistic_write' } });
    if (row === null || row.state !== 'active') throw conflict();
    return row;
  }

  async #commit(fence: Fence | undefined, work: (tx: Transaction) => void | Promise<void>): Promise<void> {
    const { store, follower } = this.options;
    const { index } = await store.run(async (tx) => work(tx), fence && { fence });
    await follower.reached(index, { limitMs: CATCH_UP_LIMIT_MS });
  }

  #shortId(): string {
    return [...this.options.random.bytes(8)].map((byte) => BASE36[byte % BASE36.length]).join('');
  }
}

const conflict = (): BanyanError =>
  new BanyanError(
    'CA_CONFLICT',
    'could not atomically update roots and config: it changed meanwhile, read it and repeat',
  );
