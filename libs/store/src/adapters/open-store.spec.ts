import { createServer } from 'node:net';
import { SilentLogger, SystemRandom } from '@banyan/kernel';
import { testKeyEncryption, withTestStore } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { KeyEncryption } from './key-encryption.js';
import { MIGRATIONS } from './migrations/migration-list.js';
import { openStore } from './open-store.js';

const stores = withTestStore();

const open = (url: string, connectWithinMs: number) =>
  openStore({
    url,
    entities: [],
    logger: new SilentLogger(),
    keyEncryption: testKeyEncryption(),
    random: new SystemRandom(),
    connectWithinMs,
  });

describe('openStore', () => {
  it('keeps index and epoch when it is opened again', async () => {
    const url = await stores.freshUrl();
    const first = await stores.open({ url });
    await first.run(async (tx) =>
      tx.stage({ topic: 'node', key: 'n', operation: 'upsert', contentHash: 'h', write: async () => undefined }),
    );
    await first.close();
    const second = await stores.open({ url });
    expect([await second.currentIndex(), second.epoch]).toEqual([2, first.epoch]);
  });

  it('migrates once when four servers start together on an empty database', async () => {
    const url = await stores.freshUrl();
    const opened = await Promise.all(Array.from({ length: 4 }, () => stores.open({ url, poolSize: 2 })));
    expect(new Set(opened.map((store) => store.epoch)).size).toBe(1);
    const rows = await opened[0]?.dataSource.query<{ name: string }[]>('SELECT name FROM schema_migration');
    expect(rows).toEqual(MIGRATIONS.map((Migration) => ({ name: new Migration().name })));
  });

  it('refuses another key-encryption key with KEK_WRONG, and the right one still opens', async () => {
    const url = await stores.freshUrl();
    await stores.open({ url });
    const wrong = stores.open({ url, keyEncryption: KeyEncryption.fromKey(Buffer.alloc(32, 8)) });
    await expect(wrong).rejects.toMatchObject({ name: 'BanyanError', code: 'KEK_WRONG' });
    await (await stores.open({ url })).ping();
  });

  it('refuses a database that a newer banyan migrated with STORE_SCHEMA_NEWER, and names the migration', async () => {
    const url = await stores.freshUrl();
    const store = await stores.open({ url });
    await store.dataSource.query("INSERT INTO schema_migration (timestamp, name) VALUES (1, 'FromTheFuture1')");
    await expect(stores.open({ url })).rejects.toMatchObject({
      name: 'BanyanError',
      code: 'STORE_SCHEMA_NEWER',
      message: expect.stringContaining('FromTheFuture1'),
    });
  });

  it('answers STORE_UNREACHABLE within its limit, naming the place and not the password', async () => {
    // A port that was ours a moment ago refuses connections.
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    await new Promise((resolve) => server.close(resolve));
    const attempt = open(`postgres://someone:geheim@127.0.0.1:${port}/banyan`, 300);
    const error: unknown = await attempt.catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      name: 'BanyanError',
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    expect(String(error)).not.toContain('geheim');
  });

  it('answers STORE_UNREACHABLE for a server that accepts and says nothing', async () => {
    const server = createServer((socket) => socket.on('error', () => undefined).resume());
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    await expect(open(`postgres://someone@127.0.0.1:${port}/banyan`, 300)).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
    });
    await new Promise((resolve) => server.close(resolve));
  });

  it('does not repeat what is refused by name: a database that does not exist', async () => {
    const url = (await stores.freshUrl()).replace('@/', '@/missing_');
    await expect(open(url, 60_000)).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
      message: expect.stringContaining('does not exist'),
    });
  });

  it('waits for a database that starts beside it', async () => {
    const url = await stores.freshUrl();
    const later = url.replace('@/test_', '@/test_closed_');
    const admin = new Client({ connectionString: url.replace(/@\/test_\w+/, '@/banyan') });
    await admin.connect();
    const name = /@\/(\w+)/.exec(later)?.[1] ?? '';
    await admin.query(`CREATE DATABASE ${name} CONNECTION LIMIT 0`);
    // Only superusers pass the limit, so that a plain role meets "too many connections" (53300).
    await admin.query('CREATE ROLE plain LOGIN');
    await admin.query(`ALTER DATABASE ${name} OWNER TO plain`);
    const attempt = open(later.replace('banyan@', 'plain@'), 20_000);
    await admin.query(`ALTER DATABASE ${name} CONNECTION LIMIT -1`);
    await admin.end();
    const store = await attempt;
    await store.ping();
    await store.close();
  });
});
