import { BanyanError, type Clock, type Logger } from '@banyan/kernel';
import type { Transaction } from '@banyan/store';
import { parseCaConfiguration } from '../domain/ca-configuration.js';
import type { RootEffect } from '../domain/root-order.js';
import { rootRecordOf } from '../adapters/ca-projection.js';
import { RootAuthorityRow } from '../adapters/ca-rows.js';
import { crossSignedSteps } from '../domain/root-record.js';
import { writeCaConfiguration } from '../adapters/configuration-writes.js';
import { deleteRoot, rootHash, writeRoot } from '../adapters/root-writes.js';
import type { RootProviderKind } from '../ports/root-provider.js';
import type { ProviderAccess } from './provider-access.js';
import { keepTransition, successorOf } from './root-transitions.js';

/** What {@link RootShift} needs. */
export interface RootShiftParts {
  readonly access: ProviderAccess;
  readonly kinds: ReadonlyMap<string, RootProviderKind>;
  readonly clock: Clock;
  readonly logger: Logger;
}

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
    else if (effect.kind === 'taint') await this.#taint(tx, rootId);
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
  async #taint(tx: Transaction, id: string): Promise<void> {
    const rows = await lockedRoots(tx);
    const row = rows.find((root) => root.id === id);
    const active = rows.find((root) => root.state === 'active');
    if (row === undefined || row.taintedAt !== null) return;
    if (active === undefined || row === active) throw outOfStep(id);
    const marked = Object.assign({}, row, { taintedAt: this.parts.clock.now() });
    // Everybody trusts a next root, so that its thief may have live connections; but it leaves with this transaction.
    if (row.state === 'next') await keepTransition(tx, marked, active);
    else tx.stage(writeRoot(marked));
  }

  async #drop(tx: Transaction, id: string): Promise<void> {
    const rows = await lockedRoots(tx);
    const row = rows.find((root) => root.id === id);
    if (row === undefined) return;
    if (row.state === 'active') throw outOfStep(id);
    await this.#dropOne(tx, row, rows);
    if (row.taintedAt === null) return;
    for (const voucher of vouchersOf(row, rows)) {
      if (voucher.state === 'inactive') await this.#dropOne(tx, voucher, rows);
      else
        this.parts.logger.warn('the active root vouches for a compromised one: rotate it without delay', { root: id });
    }
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
