import { createHash } from 'node:crypto';
import { readTextFile } from '@banyan/boot';
import { BackgroundTask, BanyanError, isBanyanError, messageOf, SecretText } from '@banyan/kernel';
import type { DatacenterCore } from '../core/datacenter-core.js';
import type { SecondarySettings } from './secondary-settings.js';

/** A file that was replaced is used within this; one that is given over the API at once. */
const LOOK_MS = 1_000;
const CONTEXT = 'replication_token:sealed';

/** Where the token in use comes from: given over the API, a file, or the environment. */
export type TokenOrigin = 'api' | 'file' | 'setting';

/**
 * The token this datacenter replicates with. One that was given over the API is stored sealed, so that all servers use it;
 * it holds until the configured one becomes another than it was then: the last change counts, wherever it was made.
 */
export class ReplicationToken {
  readonly #task: BackgroundTask;
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: () => void;
  #seen: string | undefined;

  constructor(
    private readonly core: DatacenterCore,
    private readonly settings: SecondarySettings,
  ) {
    const { ambient, follower } = core;
    this.#task = new BackgroundTask({
      ...ambient,
      backoff: { firstMs: LOOK_MS, capMs: 10 * LOOK_MS },
      turn: async () => {
        await this.#look();
        return LOOK_MS;
      },
      onFailure: (error) => ambient.logger.debug('replication token not looked at', { reason: messageOf(error) }),
    });
    this.#unsubscribe = follower.onBatch((changes, _latest, reloaded) => {
      if (reloaded || changes.some((change) => change.topic === 'replication')) this.#task.wake();
    });
  }

  start(): void {
    this.#task.start();
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.#task.stop();
  }

  /** Calls `listener` whenever another token is to be used. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** The token as it is now. Throws `CONFIG_INVALID` when there is none. */
  async read(): Promise<{ readonly secret: SecretText; readonly origin: TokenOrigin }> {
    const stored = await this.#stored();
    const configured = this.#configured();
    if (
      stored !== undefined &&
      (configured instanceof BanyanError || digestOf(configured.secret) === stored.insteadOf)
    ) {
      return { secret: stored.secret, origin: 'api' };
    }
    if (configured instanceof BanyanError) throw configured;
    return configured;
  }

  /** Stores another token for all servers of this datacenter. */
  async keep(secret: SecretText): Promise<void> {
    const { store, keys, ambient, follower } = this.core;
    const configured = this.#configured();
    const insteadOf = configured instanceof BanyanError ? '' : digestOf(configured.secret);
    const { index } = await store.run(async (tx) =>
      tx.stage({
        topic: 'replication',
        key: 'token',
        operation: 'upsert',
        contentHash: '',
        write: async (manager) => {
          await manager.query(
            `INSERT INTO replication_token (id, sealed, instead_of, set_at) VALUES (1, $1, $2, $3)
             ON CONFLICT (id) DO UPDATE SET sealed = $1, instead_of = $2, set_at = $3`,
            [keys.seal(secret.reveal(), CONTEXT), insteadOf, new Date(ambient.clock.now())],
          );
        },
      }),
    );
    await follower.reached(index, { limitMs: 10_000 });
    await this.#look();
  }

  async #look(): Promise<void> {
    const digest = await this.read().then(
      ({ secret }) => digestOf(secret),
      (error: unknown) => {
        if (isBanyanError(error, 'CONFIG_INVALID')) return '';
        throw error;
      },
    );
    const isFirst = this.#seen === undefined;
    if (this.#seen === digest) return;
    this.#seen = digest;
    if (isFirst) return;
    this.core.ambient.logger.info('another replication token is used from now on');
    for (const listener of this.#listeners) listener();
  }

  async #stored(): Promise<{ readonly secret: SecretText; readonly insteadOf: string } | undefined> {
    const { store, keys } = this.core;
    const [row] = await store.query<{ sealed: string; instead_of: string }>(
      'SELECT sealed, instead_of FROM replication_token WHERE id = 1',
      [],
    );
    if (row === undefined) return undefined;
    return { secret: new SecretText(keys.open(row.sealed, CONTEXT).toString('utf8')), insteadOf: row.instead_of };
  }

  #configured(): { readonly secret: SecretText; readonly origin: TokenOrigin } | BanyanError {
    const { BANYAN_REPLICATION_TOKEN_PATH: file, BANYAN_REPLICATION_TOKEN: value } = this.settings;
    if (file === undefined) {
      if (value !== undefined) return { secret: value, origin: 'setting' };
      return new BanyanError(
        'CONFIG_INVALID',
        'BANYAN_REPLICATION_TOKEN or BANYAN_REPLICATION_TOKEN_FILE is not set, and no token was given over the API',
      );
    }
    try {
      return { secret: new SecretText(readTextFile('BANYAN_REPLICATION_TOKEN_FILE', file)), origin: 'file' };
    } catch (error) {
      if (isBanyanError(error, 'CONFIG_INVALID')) return error;
      throw error;
    }
  }
}

const digestOf = (secret: SecretText): string => createHash('sha256').update(secret.reveal()).digest('hex');
