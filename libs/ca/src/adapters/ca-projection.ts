import { BanyanError, type StateIndex } from '@banyan/kernel';
import { TrustDomain } from '@banyan/identity';
import { Certificate, importPrivateKeyPem, type KeyPair } from '@banyan/pki';
import type { KeyEncryption, Store } from '@banyan/store';
import type { Projection } from '@banyan/watch';
import { type CaConfiguration, parseStoredCaConfiguration } from '../domain/ca-configuration.js';
import type { RootRecord } from '../domain/root-record.js';
import { CaConfigurationRow, RootAuthorityRow, SigningAuthorityRow, TrustDomainRow } from './ca-rows.js';
import type { DeniedKey } from '../domain/denied-key.js';
import { DeniedKeyRow } from './denied-key.row.js';
import { RootTransitionRow } from './root-transition.row.js';

/** An intermediate with its key, ready to sign. */
export interface ActiveAuthority {
  readonly id: string;
  readonly rootId: string;
  readonly certificate: Certificate;
  readonly keyPair: KeyPair;
  /** The rotation of the datacenter's key that it was made under. */
  readonly rotationId?: string;
  readonly modifyIndex: StateIndex;
}

/** The stored configuration beside its parsed form. */
export interface StoredConfiguration {
  readonly parsed: CaConfiguration;
  readonly forceWithoutCrossSigning: boolean;
  readonly createIndex: StateIndex;
  readonly modifyIndex: StateIndex;
}

/** Everything this datacenter knows of its CA at one moment; replaced as a whole, never changed in place. */
export interface CaState {
  readonly trustDomain?: TrustDomain;
  readonly primaryDatacenter?: string;
  readonly configuration?: StoredConfiguration;
  /** In order of generation. */
  readonly roots: readonly RootRecord[];
  readonly active?: ActiveAuthority;
  /** An intermediate that is signed and proved, and waits for its root to become active, or for its rotation to go on. */
  readonly staged?: { readonly rootId: string; readonly certificate: Certificate; readonly rotationId?: string };
  /** The intermediates before the active one, newest first, public part only. */
  readonly retired: readonly { readonly rootId: string; readonly certificate: Certificate }[];
  /** Subject key IDs of former intermediates that a rotation of the datacenter's key replaced: leaves under them are to go. */
  readonly leavingKeyIds: readonly string[];
  /** SHA-256 fingerprints of compromised roots that have left the bundle, the latest first. */
  readonly taintedGone: readonly string[];
  /** The keys that nobody may believe, whoever certified them; the earliest denied first. */
  readonly deniedKeys: readonly DeniedKey[];
}

/** Most leaving keys that are named, the newest first: each is that of a rotation whose leaves are alive. */
const MOST_LEAVING = 64;

/** What the projection follows. */
export const CA_TOPICS = ['trust-domain', 'root', 'denied-key', 'ca-configuration', 'signing-authority'] as const;

/**
 * The CA's state in memory, kept by the change feed. Keys are opened here and nowhere else, and only that of the active
 * signing authority.
 */
export class CaProjection implements Projection {
  readonly topics = CA_TOPICS;
  #state: CaState = { roots: [], retired: [], leavingKeyIds: [], taintedGone: [], deniedKeys: [] };
  readonly #listeners = new Set<(state: CaState) => void>();

  constructor(
    private readonly store: Store,
    private readonly keys: KeyEncryption,
  ) {}

  get state(): CaState {
    return this.#state;
  }

  /** The root that leaves are to be signed under. */
  get wantedRoot(): RootRecord | undefined {
    return this.state.roots.find((root) => root.state === 'active');
  }

  /** The root that everybody trusts and nobody signs under yet. */
  get nextRoot(): RootRecord | undefined {
    return this.state.roots.find((root) => root.state === 'next');
  }

  /** The trust domain; `CA_UNINITIALIZED` before it is known. */
  getTrustDomain(): TrustDomain {
    if (this.state.trustDomain === undefined) throw uninitialized();
    return this.state.trustDomain;
  }

  /** The signing authority in use; `CA_UNINITIALIZED` before the first one. */
  getActive(): ActiveAuthority {
    if (this.state.active === undefined) throw uninitialized();
    return this.state.active;
  }

  getConfiguration(): StoredConfiguration {
    if (this.state.configuration === undefined) throw uninitialized();
    return this.state.configuration;
  }

  /** Calls `listener` with every later state; returns what ends that. */
  onChange(listener: (state: CaState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Reads the tables as of one moment: an intermediate beside the roots from before its own would be signed with without
   * the cross-signed certificates, for a whole leaf's life. A compromised root is recorded in the transaction in which it
   * leaves, so that no topic but that of the roots has to be followed for it.
   */
  async load(): Promise<void> {
    const { trust, configuration, roots, authorities, tainted, denied } = await this.store.dataSource.transaction(
      'REPEATABLE READ',
      async (manager) => ({
        trust: await manager.findOne(TrustDomainRow, { where: { id: 1 } }),
        configuration: await manager.findOne(CaConfigurationRow, { where: { id: 1 } }),
        roots: await manager.find(RootAuthorityRow, { order: { generation: 'ASC' } }),
        authorities: await manager.find(SigningAuthorityRow, { order: { modifyIndex: 'DESC' } }),
        tainted: await manager.find(RootTransitionRow, { where: { kind: 'tainted' }, order: { generation: 'DESC' } }),
        denied: await manager.find(DeniedKeyRow, { order: { createIndex: 'ASC' } }),
      }),
    );
    const activeRow = authorities.find((row) => row.slot === 'active');
    const active = activeRow === undefined ? undefined : this.#open(activeRow);
    const staged = authorities.filter(isCertified).find((row) => row.slot === 'staged');
    this.#state = {
      ...(trust && { trustDomain: TrustDomain.ofCluster(trust.clusterId), primaryDatacenter: trust.primaryDatacenter }),
      ...(configuration && { configuration: configurationOf(configuration) }),
      roots: roots.map(rootRecordOf),
      ...(active && { active }),
      ...(staged && { staged: stagedOf(staged) }),
      retired: authorities
        .filter(isCertified)
        .filter((row) => row.slot === 'retired')
        .map((row) => ({
          rootId: row.rootId,
          certificate: Certificate.fromPem(row.certificatePem),
        })),
      leavingKeyIds: leavingKeys(authorities.filter(isCertified), {
        rotationId: activeRow?.rotationId ?? null,
        denied,
      }),
      taintedGone: tainted.map(({ fromFingerprint }) => fromFingerprint),
      deniedKeys: denied,
    };
    for (const listener of this.#listeners) listener(this.#state);
  }

  /** Small tables that change a few times a day: reading them again is simpler than patching, and cannot drift. */
  apply(): Promise<void> {
    return this.load();
  }

  #open(row: SigningAuthorityRow): ActiveAuthority {
    if (row.rootId === null || row.certificatePem === null || row.sealedKey === null) {
      throw new BanyanError('INTERNAL', `the active signing authority ${row.id} is incomplete`);
    }
    const current = this.#state.active;
    if (current?.id === row.id && current.modifyIndex === row.modifyIndex) return current;
    return {
      id: row.id,
      rootId: row.rootId,
      certificate: Certificate.fromPem(row.certificatePem),
      ...(row.rotationId !== null && { rotationId: row.rotationId }),
      keyPair: importPrivateKeyPem(this.keys.open(row.sealedKey, signingKeyContext(row.id)).toString('utf8')),
      modifyIndex: row.modifyIndex,
    };
  }
}

/** The associated data under which a signing key is sealed: a sealed key moved to another row does not open. */
export const signingKeyContext = (id: string): string => `signing-authority:${id}`;
/** Likewise for a root's key, and for the configuration it belongs to. */
export const rootKeyContext = (id: string): string => `root-authority:${id}`;

type CertifiedRow = SigningAuthorityRow & { rootId: string; certificatePem: string };

const isCertified = (row: SigningAuthorityRow): row is CertifiedRow =>
  row.rootId !== null && row.certificatePem !== null;

const stagedOf = ({ rootId, certificatePem, rotationId }: CertifiedRow): NonNullable<CaState['staged']> => ({
  rootId,
  certificate: Certificate.fromPem(certificatePem),
  ...(rotationId !== null && { rotationId }),
});

/**
 * A renewal takes over the rotation of the key before it, so that only what is from before the last rotation leaves; and
 * what nobody believes.
 */
const leavingKeys = (
  rows: readonly CertifiedRow[],
  { rotationId, denied }: { readonly rotationId: string | null; readonly denied: readonly DeniedKey[] },
): readonly string[] =>
  rows
    .filter(({ slot }) => slot === 'retired')
    .map((row) => ({ row, certificate: Certificate.fromPem(row.certificatePem) }))
    .filter(
      ({ row, certificate }) =>
        (rotationId !== null && row.rotationId !== rotationId) ||
        denied.some(({ keyFingerprint }) => keyFingerprint === certificate.keyFingerprint),
    )
    .flatMap(({ certificate }) => certificate.subjectKeyId ?? [])
    .slice(0, MOST_LEAVING);

const configurationOf = (row: CaConfigurationRow): StoredConfiguration => ({
  parsed: parseStoredCaConfiguration(row.provider, row.config),
  forceWithoutCrossSigning: row.forceWithoutCrossSigning,
  createIndex: row.createIndex,
  modifyIndex: row.modifyIndex,
});

/** The public part of a row. */
export const rootRecordOf = (row: RootAuthorityRow): RootRecord => ({
  id: row.id,
  generation: row.generation,
  name: row.name,
  certificate: Certificate.fromPem(row.certificatePem),
  ...(row.crossSignedPem !== null && { crossSigned: Certificate.fromPem(row.crossSignedPem) }),
  state: row.state,
  provider: row.provider,
  ...(row.taintedAt !== null && { taintedAt: row.taintedAt }),
  ...(row.rotatedOutAt !== null && { rotatedOutAt: row.rotatedOutAt }),
  privateKeyType: row.privateKeyType,
  privateKeyBits: row.privateKeyBits,
  createIndex: row.createIndex,
  modifyIndex: row.modifyIndex,
});

const uninitialized = (): BanyanError =>
  new BanyanError(
    'CA_UNINITIALIZED',
    'The CA of this datacenter has not finished initializing: GET /readyz of its server says what it waits for',
  );
