import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SilentLogger, SystemRandom } from '@banyan/kernel';
import { EmbeddedPostgres, KeyEncryption, openStore } from '@banyan/store';
import { Client } from 'pg';

/** The database of every test cluster that has banyan's tables and no row: copied in a fraction of what migrations take. */
export const MIGRATED = 'migrated';

/** The key-encryption key of every test store. */
export const testKeyEncryption = (): KeyEncryption => KeyEncryption.fromKey(Buffer.alloc(32, 7));

/** The URL of another database of the server that `url` names. */
export const databaseUrl = (url: string, name: string): string => url.replace('@/banyan?', `@/${name}?`);

/** Runs statements one by one, each by itself: CREATE DATABASE takes part in no transaction. */
export const runStatements = async (url: string, ...statements: readonly string[]): Promise<void> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  for (const statement of statements) await client.query(statement);
  await client.end();
};

/**
 * A PostgreSQL of its own in `folder`, with the database {@link MIGRATED}. The cluster is a copy of one that is made once
 * per run of jest, in the folder that `test/jest-clusters.mjs` names; without that, once per spec file.
 */
export const startTestPostgres = async (folder: string): Promise<EmbeddedPostgres> => {
  const pattern = await patternCluster(process.env['BANYAN_TEST_CLUSTERS'] ?? folder);
  const dataDir = join(folder, 'pg');
  mkdirSync(dataDir);
  // Not fs.cp: as root, PostgreSQL runs as somebody else, who has to own the copy as well.
  await promisify(execFile)('cp', ['-a', pattern, join(dataDir, 'cluster')]);
  return EmbeddedPostgres.start({ dataDir, settings: SETTINGS });
};

/** Nothing here has to survive a power cut; all stores of a spec file stay open until its last test, each with a pool. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '400' };

/** Two workers may make it at the same time: the first one to finish gives it its name, and the other's is dropped. */
const patternCluster = async (folder: string): Promise<string> => {
  const pattern = join(folder, 'cluster');
  if (existsSync(pattern)) return pattern;
  const draft = join(folder, `draft-${randomBytes(6).toString('hex')}`);
  const postgres = await EmbeddedPostgres.start({ dataDir: draft, settings: SETTINGS });
  await migrate(postgres.url);
  await postgres.stop();
  try {
    renameSync(join(draft, 'cluster'), pattern);
  } catch (error) {
    if (!existsSync(pattern)) throw error;
  }
  rmSync(draft, { recursive: true, force: true });
  return pattern;
};

/** What a store writes when it first opens, its epoch and its key check, is taken out: every copy is a store of its own. */
const migrate = async (url: string): Promise<void> => {
  await runStatements(url, `CREATE DATABASE ${MIGRATED}`);
  const target = databaseUrl(url, MIGRATED);
  const [logger, random] = [new SilentLogger(), new SystemRandom()];
  const store = await openStore({ url: target, entities: [], logger, keyEncryption: testKeyEncryption(), random });
  await store.close();
  await runStatements(target, 'TRUNCATE state_counter, key_check');
};
