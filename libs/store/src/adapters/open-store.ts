import {
  BanyanError,
  isBanyanError,
  type Logger,
  messageOf,
  type Random,
  SystemTimers,
  type Timers,
} from '@banyan/kernel';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { holdProcess } from './hold-process.js';
import type { KeyEncryption } from './key-encryption.js';
import { MIGRATIONS, MIGRATIONS_TABLE } from './migrations/migration-list.js';
import { codedStoreError, driverCodeOf, isUnreachable } from './postgres-errors.js';
import { Store } from './store.js';

/** What {@link openStore} needs. */
export interface OpenStoreOptions {
  /** `postgres://user:password@host:port/database`, or `?host=/socket/folder`. */
  readonly url: string;
  /** The row classes of all rooms of this process. */
  readonly entities: readonly Function[];
  readonly logger: Logger;
  readonly keyEncryption: KeyEncryption;
  readonly random: Random;
  /** Connections this process may hold, besides one per listener; writes use two thirds of them at most. Default 10. */
  readonly poolSize?: number;
  /** How long an unreachable database is tried, in ms. Default 10,000: a database that starts beside us makes it. */
  readonly connectWithinMs?: number;
  readonly timers?: Timers;
}

const DEFAULT_POOL_SIZE = 10;
const DEFAULT_CONNECT_WITHIN_MS = 10_000;
const RETRY_MS = 250;
/** Refused by name, not for being away: trying again changes nothing. Password, no such role, no such database. */
const HOPELESS = /^(28...|3D000)$/;
/** `banyan` in ASCII: the advisory lock under which one server at a time migrates. */
const MIGRATION_LOCK = '108170550731118';
/** A replica waits this long for another one's migrations. */
const MIGRATION_WAIT_MS = 120_000;

/**
 * A transaction of a paused process would hold the counter, and with it every writer of the datacenter, and the lease
 * beyond its end: the server ends a transaction that is idle for 5 s, less than the 6 s that a lease lives, so that
 * another server takes it within the 10 s that are promised. Statements end after 30 s, waits for locks after 10 s; the client gives up at
 * 40 s, after the server would have answered.
 */
const LIMITS = {
  idle_in_transaction_session_timeout: 5_000,
  statement_timeout: 30_000,
  lock_timeout: 10_000,
  query_timeout: 40_000,
} as const;

const KEY_CHECK_CONTEXT = 'key_check';
const KEY_CHECK_TEXT = 'banyan';

/**
 * Connects, migrates (one server at a time) and checks the key-encryption key. Throws, each with what to do:
 * `STORE_UNREACHABLE` within about 10 s, `STORE_SCHEMA_NEWER`, `KEK_WRONG`.
 */
export const openStore = async (options: OpenStoreOptions): Promise<Store> => {
  const release = holdProcess();
  try {
    const client = await connectWithin(options);
    try {
      return await openUnderLock(client, options);
    } finally {
      await client.end().catch(() => undefined);
    }
  } catch (error) {
    throw codedStoreError(error);
  } finally {
    release();
  }
};

const connectWithin = async (options: OpenStoreOptions): Promise<Client> => {
  const { timers = new SystemTimers(), connectWithinMs = DEFAULT_CONNECT_WITHIN_MS } = options;
  let timeIsUp = false;
  const limit = timers.set(connectWithinMs, () => {
    timeIsUp = true;
  });
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        return await connectOnce(options.url, connectWithinMs);
      } catch (error) {
        if (!isUnreachable(error)) throw error;
        if (timeIsUp || HOPELESS.test(driverCodeOf(error) ?? '')) throw unreachable(options.url, error);
        if (tries === 1) options.logger.warn('the database does not answer yet', { reason: messageOf(error) });
      }
      await timers.sleep(RETRY_MS);
    }
  } finally {
    limit.clear();
  }
};

const connectOnce = async (url: string, timeoutMs: number): Promise<Client> => {
  const client = new Client({
    connectionString: url,
    connectionTimeoutMillis: timeoutMs,
    application_name: 'banyan-migrations',
  });
  // A broken connection is reported by the next statement; without a listener it would end the process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
};

/** Names where, never the password. */
const unreachable = (url: string, cause: unknown): BanyanError => {
  const where = URL.canParse(url) ? new URL(url) : undefined;
  const host = where?.searchParams.get('host') ?? (where?.host || 'the local socket');
  const database = where?.pathname.slice(1) ?? '';
  return new BanyanError(
    'STORE_UNREACHABLE',
    `the database ${database} at ${host} cannot be reached: ${messageOf(cause)}`,
    { cause, fields: { reason: driverCodeOf(cause) } },
  );
};

const openUnderLock = async (client: Client, options: OpenStoreOptions): Promise<Store> => {
  await client.query(`SET lock_timeout = ${MIGRATION_WAIT_MS}`);
  await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
  await refuseNewerSchema(client);
  const dataSource = dataSourceOf(options);
  try {
    await dataSource.initialize();
    await dataSource.runMigrations({ transaction: 'all' });
    const epoch = await ensureCounter(client, options.random);
    await checkKey(client, options.keyEncryption);
    const { url, random, logger, timers = new SystemTimers(), poolSize = DEFAULT_POOL_SIZE } = options;
    return new Store({ url, dataSource, epoch, poolSize, timers, random, logger });
  } catch (error) {
    if (dataSource.isInitialized) await dataSource.destroy();
    throw error;
  }
};

const refuseNewerSchema = async (client: Client): Promise<void> => {
  const table = await client.query<{ found: string | null }>('SELECT to_regclass($1)::text AS found', [
    MIGRATIONS_TABLE,
  ]);
  if (table.rows[0]?.found === null) return;
  const applied = await client.query<{ name: string }>(`SELECT name FROM ${MIGRATIONS_TABLE} ORDER BY id`);
  const known = new Set(MIGRATIONS.map((Migration) => new Migration().name));
  const unknown = applied.rows.find((row) => !known.has(row.name));
  if (unknown !== undefined) {
    throw new BanyanError(
      'STORE_SCHEMA_NEWER',
      `the database was migrated by a newer banyan (migration ${unknown.name}): start that version or restore a backup`,
      { fields: { migration: unknown.name } },
    );
  }
};

const dataSourceOf = (options: OpenStoreOptions): DataSource =>
  new DataSource({
    type: 'postgres',
    url: options.url,
    entities: [...options.entities],
    migrations: [...MIGRATIONS],
    migrationsTableName: MIGRATIONS_TABLE,
    migrationsRun: false,
    synchronize: false,
    logging: false,
    installExtensions: false,
    poolSize: options.poolSize ?? DEFAULT_POOL_SIZE,
    connectTimeoutMS: options.connectWithinMs ?? DEFAULT_CONNECT_WITHIN_MS,
    applicationName: 'banyan',
    extra: { ...LIMITS, keepAlive: true, keepAliveInitialDelayMillis: 10_000 },
    poolErrorHandler: (error: unknown) =>
      options.logger.warn('an idle database connection broke', { reason: messageOf(error) }),
  });

/** Index 1 is the empty store, because 0 means "never" to clients. */
const ensureCounter = async (client: Client, random: Random): Promise<string> => {
  await client.query('INSERT INTO state_counter (id, index, epoch) VALUES (1, 1, $1) ON CONFLICT DO NOTHING', [
    random.uuid(),
  ]);
  const counter = await client.query<{ epoch: string }>('SELECT epoch FROM state_counter WHERE id = 1');
  const row = counter.rows[0];
  if (row === undefined) throw new BanyanError('INTERNAL', 'the row of state_counter could not be made');
  return row.epoch;
};

/** A known text, sealed by the first server: whoever cannot open it has another key-encryption key. */
const checkKey = async (client: Client, keyEncryption: KeyEncryption): Promise<void> => {
  await client.query('INSERT INTO key_check (id, sealed) VALUES (1, $1) ON CONFLICT DO NOTHING', [
    keyEncryption.seal(KEY_CHECK_TEXT, KEY_CHECK_CONTEXT),
  ]);
  const { rows } = await client.query<{ sealed: string }>('SELECT sealed FROM key_check WHERE id = 1');
  try {
    keyEncryption.open(rows[0]?.sealed ?? '', KEY_CHECK_CONTEXT);
  } catch (cause) {
    if (!isBanyanError(cause, 'CIPHERTEXT_INVALID')) throw cause;
    throw new BanyanError('KEK_WRONG', 'the key-encryption key is not the one this database was made with', { cause });
  }
};
