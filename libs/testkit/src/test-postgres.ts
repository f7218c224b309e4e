import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SilentLogger, SystemRandom } from '@banyan/kernel';
import { EmbeddedPostgres, KeyEncryption, openStore, type OpenStoreOptions, type Store } from '@banyan/store';
import { afterAll } from '@jest/globals';
import { Client } from 'pg';

/** Stores on a real PostgreSQL, for one spec file. */
export interface TestStores {
  /** A store on a fresh, empty database. Closed after the last test. */
  open(options?: Partial<OpenStoreOptions>): Promise<Store>;
  /** The URL of a fresh, empty database: for a second store on it, or for `openStore` itself. */
  freshUrl(): Promise<string>;
  /** The running PostgreSQL. */
  postgres(): Promise<EmbeddedPostgres>;
}

/** The key-encryption key of every test store. */
export const testKeyEncryption = (): KeyEncryption => KeyEncryption.fromKey(Buffer.alloc(32, 7));

/**
 * Call once at the top level of a spec file. PostgreSQL starts with the first store that is opened (about 1.5 s) and
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
    starting ??= EmbeddedPostgres.start({
      dataDir: join(folder, 'pg'),
      // Nothing here has to survive a power cut.
      // All stores of a spec file stay open until its last test, each with a pool of its own.
      settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '400' },
    });
    return starting;
  };

  const freshUrl = async (): Promise<string> => {
    const { url } = await postgres();
    const name = `test_${randomBytes(6).toString('hex')}`;
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    return url.replace('@/banyan?', `@/${name}?`);
  };

  const open = async (options: Partial<OpenStoreOptions> = {}): Promise<Store> => {
    const store = await openStore({
      url: options.url ?? (await freshUrl()),
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
