import { BanyanError, type Clock, epochMs, isBanyanError, type Logger } from '@banyan/kernel';
import { Certificate } from '@banyan/pki';
import type { Transaction } from '@banyan/store';
import { parseCaConfiguration } from '../domain/ca-configuration.js';
import type { RootEffect } from '../domain/root-order.js';
import { rootRecordOf } from '../adapters/ca-projection.js';
import { stageDeniedKey } from '../adapters/denied-key-writes.js';
import { RootAuthorityRow } from '../adapters/ca-rows.js';
import { crossSignedSteps } from '../domain/root-record.js';
import { writeCaConfiguration } from '../adapters/configuration-writes.js';
import { deleteRoot, rootHash, writeRoot } from '../adapters/root-writes.js';
import type { RootProviderKind } from '../ports/root-provider.js';
import type { ProviderAccess } from './provider-access.js';
import { broughtRoot, goneRoot, keepTransition, successorOf } from './root-transitions.js';

/** What {@link RootShift} needs. */
export interface RootShiftParts {
  readonly access: ProviderAccess;
  readonly kinds: ReadonlyMap<string, RootProviderKind>;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Taint = Extract<RootEffect, { readonly kind: 'taint' }>;

/** A provider that does not answer must not hold up the retirement of a root for longer than this. */
const DESTROY_LIMIT_MS = 10_000;

/**
 * The steps of a rotation as changes of the root rows. Each locks the rows it rests on, checks that they are where the step
 * begins, and stages nothing when the step was made already.
 */
export class RootShift {
  constructor(private readonly parts: RootShiftParts) {}

  async apply(tx: Transaction, effect: RootEffect): Promise<void> {
    const { rootId } = effect;
    if (effect.kind === 'activate') await this.#swap(tx, { up: rootId, from: 'next' });
    else if (effect.kind === 'reactivate')
      await this.#swap(tx, { up: rootId, from: 'inactive', down: effect.insteadOf });
    else if (effect.kind === 'taint') await this.#taint(tx, effect);
    else await this.#drop(tx, rootId);
  }

  /** Makes `up` the active root, and the active one inactive; the configuration goes with the root. */
  async #swap(
    tx: Transaction,
    { up, from, down }: { up: string; from: RootAuthorityRow['state']; down?: string },
  ): Promise<void> {
    const rows = await lockedRoots(tx);
    const rising = rows.find((row) => row.id === up);
    const active = rows.find((row) => row.state === 'active');
    if (rising?.state === 'active') return;
    if (rising === undefined || rising.state !== from || active === undefined) throw outOfStep(up);
    if (down !== undefined && active.id !== down) throw outOfStep(down);
    tx.stage(
      writeRoot(Object.assign({}, active, { state: 'inactive' as const, rotatedOutAt: this.parts.clock.now() })),
    );
    tx.stage(writeRoot(Object.assign({}, rising, { state: 'active' as const, rotatedOutAt: null })));
    this.#stageConfiguration(tx, rising);
  }

  #stageConfiguration(tx: Transaction, root: RootAuthorityRow): void {
    const configuration = this.parts.access.configurationOf(root);
    if (configuration === undefined) return;
    const { provider, options, forceWithoutCrossSigning } = configuration;
    const { options: config } = parseCaConfiguration(provider, options, this.parts.kinds);
    tx.stage(writeCaConfiguration({ provider, config: { ...config }, forceWithoutCrossSigning }));
  }

  /** The active root is marked when its successor is published, not here. */
  async #taint(tx: Transaction, effect: Taint): Promise<void> {
    const { rootId } = effect;
    const rows = await lockedRoots(tx);
    const row = rows.find((root) => root.id === rootId);
    const active = rows.find((root) => root.state === 'active');
    if (row === undefined) return this.#taintGone(tx, effect, rows);
    if (row.taintedAt !== null) return;
    if (active === undefined || row === active) throw outOfStep(rootId);
    const marked = Object.assign({}, row, { taintedAt: this.parts.clock.now() });
    // Everybody trusts a next root, so that its thief may have live connections; but it leaves with this transaction.
    if (row.state !== 'next') {
      tx.stage(writeRoot(marked));
      return;
    }
    await keepTransition(tx, marked, active);
    await this.#deny(tx, rootKey(row), rows);
  }

  /**
   * It has left here, but may be in another datacenter's bundle still, or be vouched for by a root that is here. The denial is
   * all that is asked for: without it nothing is done.
   */
  async #taintGone(
    tx: Transaction,
    { rootId, certificatePem }: Taint,
    rows: readonly RootAuthorityRow[],
  ): Promise<void> {
    const gone =
      (await goneRoot(tx, rootId)) ??
      (certificatePem === undefined ? undefined : await broughtRoot(tx, certificatePem));
    if (gone === undefined) return;
    await keepTransition(tx, Object.assign({}, gone, { taintedAt: this.parts.clock.now() }), gone);
    await this.#requireDenied(tx, rootKey(gone), rows);
  }

  /** A key that cannot be denied must not keep a compromised root in the bundle, where it is believed without any voucher. */
  async #deny(tx: Transaction, certificate: Certificate, rows: readonly RootAuthorityRow[]): Promise<void> {
    try {
      await this.#requireDenied(tx, certificate, rows);
    } catch (error) {
      if (!isBanyanError(error, 'DENIED_KEYS_FULL', 'CA_CONFLICT')) throw error;
      const { keyFingerprint: key, fingerprintSha1: root } = certificate;
      this.parts.logger.error('a compromised key is not denied', {
        root,
        key,
        code: error.code,
        reason: error.message,
      });
    }
  }

  /** Nobody believes the key any more, whoever vouched for it. Throws `DENIED_KEYS_FULL`, and `CA_CONFLICT` if it is in use. */
  async #requireDenied(tx: Transaction, certificate: Certificate, rows: readonly RootAuthorityRow[]): Promise<void> {
    const { clock, logger } = this.parts;
    // Whoever vouched for it is among them, and its vouching ends with it at the latest.
    const ends = [certificate, ...rows.map(rootKey)].map(({ notAfter }) => notAfter);
    const endsAt = epochMs(Math.max(...ends));
    const { keyFingerprint, fingerprintSha1: root } = certificate;
    const inUse = rows.find((row) => row.state !== 'inactive' && row.id !== root && isKeyOf(row, keyFingerprint));
    if (inUse !== undefined) {
      throw new BanyanError(
        'CA_CONFLICT',
        `root ${inUse.id} has the same key and is in use: it is the one to be tainted`,
      );
    }
    await stageDeniedKey(tx, { keyFingerprint, reason: `the key of root ${root} is compromised`, endsAt }, clock.now());
    logger.info('key denied', { root, key: keyFingerprint });
  }

  async #drop(tx: Transaction, id: string): Promise<void> {
    const rows = await lockedRoots(tx);
    const row = rows.find((root) => root.id === id);
    if (row === undefined) return;
    if (row.state === 'active') throw outOfStep(id);
    await this.#dropOne(tx, row, rows);
    if (row.taintedAt === null) return;
    await this.#deny(tx, rootKey(row), rows);
    // Those who verify by the roots alone do not know of denied keys: for them a voucher that is not needed goes as well.
    const vouchers = vouchersOf(row, rows).filter(({ state }) => state === 'inactive');
    for (const voucher of vouchers) await this.#dropOne(tx, voucher, rows);
  }

  async #dropOne(tx: Transaction, row: RootAuthorityRow, rows: readonly RootAuthorityRow[]): Promise<void> {
    // A root that was never active is nobody's pin, and was replaced by none.
    const next = row.rotatedOutAt === null ? undefined : successorOf(row, rows);
    if (next !== undefined) await keepTransition(tx, row, next);
    tx.stage(deleteRoot(row.id, rootHash(row)));
    // Not before the commit stands: a root that stays after all must not have lost its key, and no lock waits for a provider.
    tx.afterCommit(() => this.parts.access.destroy(row, AbortSignal.timeout(DESTROY_LIMIT_MS)));
    this.parts.logger.info('root dropped', { root: row.id, generation: row.generation, was: row.state });
  }
}

/**
 * The earlier roots whose cross-signed certificates lead to the root's key: while one of them is trusted, whoever has that
 * key is believed, and the root's own place in the bundle does not matter.
 */
const vouchersOf = (row: RootAuthorityRow, rows: readonly RootAuthorityRow[]): RootAuthorityRow[] => {
  const records = rows.map(rootRecordOf);
  const steps = crossSignedSteps(rootRecordOf(row), records);
  return rows.filter(({ id }) => steps.some(({ anchor }) => anchor.id === id));
};

const rootKey = ({ certificatePem }: { readonly certificatePem: string }): Certificate =>
  Certificate.fromPem(certificatePem);

const isKeyOf = (row: RootAuthorityRow, keyFingerprint: string): boolean =>
  rootKey(row).keyFingerprint === keyFingerprint;

/** All root rows, locked: whoever shifts roots waits here for whoever does it already. */
export const lockedRoots = (tx: Transaction): Promise<RootAuthorityRow[]> =>
  tx.manager.find(RootAuthorityRow, { order: { generation: 'ASC' }, lock: { mode: 'pessimistic_write' } });

const outOfStep = (rootId: string): BanyanError =>
  new BanyanError('CA_CONFLICT', `root ${rootId} is not where this step begins: the roots changed meanwhile`);

/** Somebody else changed what this change rests on. */
export const conflict = (): BanyanError =>
  new BanyanError(
    'CA_CONFLICT',
    'could not atomically update roots and config: it changed meanwhile, read it and repeat',
  );
