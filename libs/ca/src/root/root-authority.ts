import { BanyanError, canonicalJson, type Clock, type JsonValue, type Logger, type Random } from '@banyan/kernel';
import { TrustDomain } from '@banyan/identity';
import type { Fence, KeyEncryption, Store, Transaction } from '@banyan/store';
import type { ChangeFollower } from '@banyan/watch';
import {
  type CaConfiguration,
  DEFAULT_OPTIONS,
  needsNextRoot,
  parseCaConfiguration,
  refuse,
} from '../domain/ca-configuration.js';
import { hasRoomFor, type KeyDenial } from '../domain/denied-key.js';
import { readOwnRoot } from '../domain/root-acceptance.js';
import type { ChangeMeaning, MadeRoot, ProviderTrial, RootEffect, RootOrder } from '../domain/root-order.js';
import type { CaProjection } from '../adapters/ca-projection.js';
import { RootAuthorityRow } from '../adapters/ca-rows.js';
import { writeCaConfiguration, writeTrustDomain } from '../adapters/configuration-writes.js';
import { stageDeniedKey } from '../adapters/denied-key-writes.js';
import { writeRoot } from '../adapters/root-writes.js';
import type { IssuedIntermediate } from '../ports/intermediate-issuer.js';
import type { IssuanceRecorder } from '../ports/issuance-recorder.js';
import type { ProviderCondition, RootProviderKind } from '../ports/root-provider.js';
import { recordRoot } from './authority-issuance.js';
import { builtInKind } from './built-in-provider.js';
import { stageConfiguration } from './configuration-change.js';
import { IntermediateSigner } from './intermediate-signer.js';
import { type OpenRoot, ProviderAccess, type SecretConfiguration } from './provider-access.js';
import { TRIAL_LIMIT_MS, tryProviders } from './provider-trial.js';
import { rootContent } from './root-content.js';
import { type ProvedRoot, RootMaker } from './root-maker.js';
import { conflict, lockedRoots, RootShift } from './root-shift.js';

/** What {@link RootAuthority} needs. */
export interface RootAuthorityOptions {
  readonly datacenter: string;
  readonly store: Store;
  readonly follower: ChangeFollower;
  readonly projection: CaProjection;
  readonly keys: KeyEncryption;
  /** Takes an entry for everything that is signed here, before it is stored or answered. */
  readonly recorder: IssuanceRecorder;
  /** The providers beside the built-in one, by name. */
  readonly kinds?: readonly RootProviderKind[];
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const CATCH_UP_LIMIT_MS = 10_000;
const FIRST: SecretConfiguration = { provider: 'consul', options: DEFAULT_OPTIONS, forceWithoutCrossSigning: false };

/**
 * The root of the trust domain: exists in the primary only. Its key signs intermediates and cross-signed certificates,
 * nothing else, and is opened for the moment of a signature. It knows the steps of a rotation, not when they are due.
 */
export class RootAuthority {
  readonly #kinds: ReadonlyMap<string, RootProviderKind>;
  readonly #access: ProviderAccess;
  readonly #maker: RootMaker;
  readonly #shift: RootShift;
  readonly #signer: IntermediateSigner;

  constructor(private readonly options: RootAuthorityOptions) {
    const kinds = [builtInKind(options.random), ...(options.kinds ?? [])];
    this.#kinds = new Map(kinds.map((kind) => [kind.name, kind]));
    this.#access = new ProviderAccess(this.#kinds, options.keys, options.logger);
    this.#maker = new RootMaker({ ...options, access: this.#access });
    this.#signer = new IntermediateSigner({ ...options, maker: this.#maker });
    this.#shift = new RootShift({ ...options, access: this.#access, kinds: this.#kinds });
  }

  /** Makes the trust domain, the configuration and the first root, once, in one transaction. */
  async initialize(fence: Fence, signal: AbortSignal): Promise<void> {
    const { projection, random, datacenter, recorder, clock, logger } = this.options;
    if (projection.state.trustDomain !== undefined) return;
    const trustDomain = TrustDomain.ofCluster(random.uuid());
    const parsed = this.#parse(FIRST);
    const recipe = { rotationId: random.uuid(), configuration: FIRST, parsed, trustDomain, bundle: [] };
    const root = await this.#maker.make(recipe, signal);
    await recordRoot(recorder, { ...root, previous: undefined, reason: 'first', now: clock.now() });
    await this.#commit(fence, (tx) => {
      tx.stage(writeTrustDomain({ clusterId: trustDomain.clusterId, primaryDatacenter: datacenter }));
      tx.stage(
        writeCaConfiguration({ provider: 'consul', config: { ...parsed.options }, forceWithoutCrossSigning: false }),
      );
      tx.stage(
        writeRoot(rootContent(this.#access, root, { generation: 1, state: 'active', configuration: FIRST, parsed })),
      );
    });
    logger.info('trust domain created', {
      trustDomain: trustDomain.name,
      root: root.certificate.fingerprintSha1,
      fingerprint: root.certificate.fingerprintSha256,
    });
  }

  /** The root that leaves are signed under; `CA_UNINITIALIZED` before the first. */
  activeRootId(): string {
    const { wantedRoot } = this.options.projection;
    if (wantedRoot === undefined) throw new BanyanError('CA_UNINITIALIZED', 'no root is known yet');
    return wantedRoot.id;
  }

  /** Signs a datacenter's intermediate under the active root, or under the next one where that is asked for. */
  async signIntermediate(
    csrPem: string,
    o: { readonly datacenter: string; readonly rootId?: string; readonly accessorId?: string },
    signal: AbortSignal,
  ): Promise<IssuedIntermediate> {
    const { datacenter, rootId, accessorId = '' } = o;
    const requester = { accessorId, node: '', reason: rootId === undefined ? 'first' : 'rotation' } as const;
    return this.#signer.sign({ csrPem, datacenter, root: await this.#openRoot(rootId), requester }, signal);
  }

  /**
   * What a configuration would change: nothing, what no root depends on, or the root. Changes nothing itself. Throws
   * `CA_CONFIG_INVALID` or `CA_PROVIDER_UNKNOWN`.
   */
  async meaning(change: Pick<RootOrder, 'provider' | 'options'> & { crossSign?: boolean }): Promise<ChangeMeaning> {
    const { projection } = this.options;
    const current = projection.getConfiguration();
    const written = { ...change, forceWithoutCrossSigning: change.crossSign === false };
    const kept = this.#parse(written);
    const active = await this.#activeRow();
    const next = this.#parse(this.#access.withStoredSecrets(written, this.#access.configurationOf(active)));
    const equal =
      current.parsed.provider === change.provider &&
      current.forceWithoutCrossSigning === written.forceWithoutCrossSigning &&
      canonicalJson(current.parsed.options as JsonValue) === canonicalJson(next.options as JsonValue);
    const givesSecrets = kept.own.givenSecrets.length > 0;
    if (equal && !givesSecrets && (kept.ownRoot === undefined || kept.keptHiddenKey)) return { kind: 'unchanged' };
    // A key that is given has to fit, even where its root stays: silence would say that it is the one in use.
    const own = kept.ownRoot && readOwnRoot(kept.ownRoot).certificate.fingerprintSha1;
    if (!needsNextRoot(current.parsed, next) || own === active.id) return { kind: 'stored' };
    if (kept.keptHiddenKey) {
      throw refuse('PrivateKey is hidden: give the key itself, or leave out RootCert and PrivateKey');
    }
    return { kind: 'next-root', providerChanges: active.provider !== change.provider };
  }

  /**
   * Tries the calls of a rotation on throwaways: those of the next root's provider, and the voucher of the present one, whose
   * root has to be there.
   */
  async trial(order: Pick<RootOrder, 'provider' | 'options'>): Promise<ProviderTrial> {
    const trial = await this.#trialOnThrowaways(order);
    if (!trial.canCrossSign) return trial;
    // A throwaway says nothing of the present root itself: its key may be gone.
    const condition = await this.inspect(AbortSignal.timeout(TRIAL_LIMIT_MS));
    if (condition.kind === 'ready') return trial;
    return { ...trial, canCrossSign: false, cannotBecause: condition.reason };
  }

  async #trialOnThrowaways(order: Pick<RootOrder, 'provider' | 'options'>): Promise<ProviderTrial> {
    const present = await this.#activeRow();
    const stored = this.#access.configurationOf(present);
    const next = this.#access.withStoredSecrets({ ...order, forceWithoutCrossSigning: false }, stored);
    const { clock, random, projection } = this.options;
    const about = { trustDomain: projection.getTrustDomain().name, now: clock.now(), random };
    const asked = { configuration: next, request: { ...about, keySpec: this.#parse(next).keySpec } };
    if (stored === undefined || present.provider === order.provider) return tryProviders(this.#access, { next: asked });
    const voucher = { configuration: stored, request: { ...about, keySpec: this.#parse(stored).keySpec } };
    return tryProviders(this.#access, { next: asked, voucher });
  }

  /** Stores a configuration that no root depends on. Throws `CA_CONFLICT` when it changed meanwhile. */
  async storeConfiguration(change: SecretConfiguration): Promise<void> {
    const { modifyIndex } = this.options.projection.getConfiguration();
    const { options } = this.#parse(change);
    await this.#commit(undefined, (tx) =>
      stageConfiguration(tx, { change, shown: options, access: this.#access, expected: modifyIndex }),
    );
  }

  /** Makes the next root and proves it. Nothing is stored before `publish`. */
  async make(order: RootOrder, signal: AbortSignal): Promise<MadeRoot> {
    const { projection, recorder, clock } = this.options;
    const previous = await this.#openRoot(undefined);
    const written = { ...order, forceWithoutCrossSigning: !order.crossSign && !order.compromised };
    const { provider, options, forceWithoutCrossSigning } = this.#access.withStoredSecrets(
      written,
      this.#access.configurationOf(previous.row),
    );
    const configuration = { provider, options, forceWithoutCrossSigning };
    const parsed = this.#parse(configuration);
    const root = await this.#maker.make(
      {
        rotationId: order.rotationId,
        configuration,
        parsed,
        trustDomain: projection.getTrustDomain(),
        bundle: projection.state.roots,
        ...(order.crossSign && !order.compromised && { voucher: previous }),
      },
      signal,
    );
    const rootId = root.certificate.fingerprintSha1;
    if (rootId === previous.row.id) {
      throw refuse(`root ${rootId} is the active one already: give RootCert and PrivateKey of another, or neither`);
    }
    if (projection.state.deniedKeys.some(({ keyFingerprint }) => keyFingerprint === root.certificate.keyFingerprint)) {
      throw refuse(`root ${rootId} has a key that is denied: it was compromised`);
    }
    const reason = order.compromised ? 'taint' : 'rotation';
    await recordRoot(recorder, { ...root, previous: previous.certificate, reason, now: clock.now() });
    return {
      rootId,
      previousRootId: previous.row.id,
      crossSigned: root.crossSigned !== undefined,
      bundleBytes: root.certificate.der.length,
      chainBytes: root.crossSigned?.der.length ?? 0,
      publish: (tx) => this.#publish(tx, { root, configuration, parsed, previous, compromised: order.compromised }),
    };
  }

  /**
   * Denies a key, everywhere and until no certificate of it can be valid: of a root, or of one datacenter's intermediate.
   * Denied already, it stays so. Throws `DENIED_KEYS_FULL`.
   */
  denyKey(tx: Transaction, denial: KeyDenial): Promise<void> {
    return stageDeniedKey(tx, denial, this.options.clock.now());
  }

  /** Whether {@link denyKey} would take that key, from memory. */
  hasRoomToDeny(keyFingerprint: string): boolean {
    const { projection, clock } = this.options;
    return hasRoomFor(keyFingerprint, projection.state.deniedKeys, clock.now());
  }

  apply(tx: Transaction, effect: RootEffect): Promise<void> {
    return this.#shift.apply(tx, effect);
  }

  /** Looks whether the active root's provider still holds the root we know. */
  async inspect(signal: AbortSignal): Promise<ProviderCondition> {
    const { provider, keyReference, certificate } = await this.#openRoot(undefined);
    return provider.inspect(keyReference, certificate.pem, signal);
  }

  async #publish(
    tx: Transaction,
    o: {
      root: ProvedRoot;
      configuration: SecretConfiguration;
      parsed: CaConfiguration;
      previous: OpenRoot;
      compromised: boolean;
    },
  ): Promise<void> {
    const rows = await lockedRoots(tx);
    const active = rows.find((row) => row.state === 'active');
    if (active?.id !== o.previous.row.id || rows.some((row) => row.state === 'next')) throw conflict();
    const generation = Math.max(...rows.map((row) => row.generation)) + 1;
    if (o.compromised) tx.stage(writeRoot(Object.assign({}, active, { taintedAt: this.options.clock.now() })));
    tx.stage(writeRoot(rootContent(this.#access, o.root, { ...o, generation, state: 'next' })));
  }

  async #openRoot(rootId: string | undefined): Promise<OpenRoot> {
    const { projection } = this.options;
    const row = rootId === undefined ? await this.#activeRow() : await this.#row({ id: rootId });
    if (row === null || row.state === 'inactive') {
      throw new BanyanError(
        'CA_CONFLICT',
        `nothing is signed under root ${rootId}: it is not active, and not the next`,
      );
    }
    if (rootId === undefined && projection.wantedRoot?.id !== row.id)
      throw new BanyanError('CA_CONFLICT', 'the active root is changing: repeat the request');
    return this.#access.open(row);
  }

  async #activeRow(): Promise<RootAuthorityRow> {
    const row = await this.#row({ state: 'active' });
    if (row === null) throw new BanyanError('CA_UNINITIALIZED', 'no active root is stored here yet');
    return row;
  }

  #row(where: { id: string } | { state: 'active' }): Promise<RootAuthorityRow | null> {
    return this.options.store.dataSource.manager.findOne(RootAuthorityRow, { where });
  }

  #parse({ provider, options }: Pick<SecretConfiguration, 'provider' | 'options'>): CaConfiguration {
    this.#access.kind(provider);
    return parseCaConfiguration(provider, options, this.#kinds);
  }

  async #commit(fence: Fence | undefined, work: (tx: Transaction) => void | Promise<void>): Promise<void> {
    const { store, follower } = this.options;
    const { index } = await store.run(async (tx) => work(tx), fence && { fence });
    await follower.reached(index, { limitMs: CATCH_UP_LIMIT_MS });
  }
}
