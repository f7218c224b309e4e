import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SilentLogger, SystemRandom } from '@banyan/kernel';
import { type EmbeddedPostgres, openStore, type OpenStoreOptions, type Store } from '@banyan/store';
import { afterAll } from '@jest/globals';
import { databaseUrl, MIGRATED, runStatements, startTestPostgres, testKeyEncryption } from './test-cluster.js';

/** Stores on a real PostgreSQL, for one spec file. */
export interface TestStores {
  /** A store on a fresh database with every table and no row. Closed after the last test. */
  open(options?: Partial<OpenStoreOptions>): Promise<Store>;
  /** The URL of a fresh database without a table: for a second store on it, or for `openStore` itself. */
  freshUrl(): Promise<string>;
  /** The running PostgreSQL. */
  postgres(): Promise<EmbeddedPostgres>;
}

/**
 * Call once at the top level of a spec file. PostgreSQL starts with the first store that is opened (about 0.3 s) and
 * is stopped, its folder removed, after the last test.
 */
export const withTestStore = (entities: readonly Function[] = []): TestStores => {
  const stores: Store[] = [];
  let starting: Promise<EmbeddedPostgres> | undefined;
  let folder: string | undefined;

  const postgres = (): Promise<EmbeddedPostgres> => {
    folder ??= mkdtempSync(join(tmpdir(), 'banyan-test-'));
    // As root, PostgreSQL runs as somebody else, who has to get in; its own folders are private.
    chmodSync(folder, 0o711);
    return (starting ??= startTestPostgres(folder));
  };

  /** Files are copied instead of written page by page: without fsync that is twice as fast. */
  const copyOf = async (template: string): Promise<string> => {
    const { url } = await postgres();
    const name = `test_${randomBytes(6).toString('hex')}`;
    await runStatements(url, `CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
    return databaseUrl(url, name);
  };
  const freshUrl = (): Promise<string> => copyOf('template0');

  const open = async (options: Partial<OpenStoreOptions> = {}): Promise<Store> => {
    const store = await openStore({
      url: options.url ?? (await copyOf(MIGRATED)),
      entities,
      logger: new SilentLogger(),
      keyEncryption: testKeyEncryption(),
      random: new SystemRandom(),
      poolSize: 8,
      ...options,
    });
    stores.push(store);
    return store;
  };

  afterAll(async () => {
    for (const store of stores) await store.close();
    await (await starting)?.stop();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  return { open, freshUrl, postgres };
};
