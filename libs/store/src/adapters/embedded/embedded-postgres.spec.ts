import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SilentLogger, SystemRandom } from '@banyan/kernel';
import { afterAll, describe, expect, it } from '@jest/globals';
import { KeyEncryption } from '../key-encryption.js';
import { openStore } from '../open-store.js';
import type { Store } from '../store.js';
import { EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';
import { findBinaries } from './find-binaries.js';
import { chooseLaunchUser, commandOf, makePrivateFolder } from './launch-user.js';
import { OwnerSocket } from './owner-socket.js';
import { isAlive } from './postmaster-file.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-embedded-'));
chmodSync(folder, 0o711);
const running: EmbeddedPostgres[] = [];
afterAll(async () => {
  for (const postgres of running) await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = async (name: string, options: Partial<EmbeddedPostgresOptions> = {}): Promise<EmbeddedPostgres> => {
  const postgres = await EmbeddedPostgres.start({ dataDir: join(folder, name), ...options });
  running.push(postgres);
  return postgres;
};

const open = (url: string): Promise<Store> =>
  openStore({
    url,
    entities: [],
    logger: new SilentLogger(),
    keyEncryption: KeyEncryption.fromKey(Buffer.alloc(32)),
    random: new SystemRandom(),
  });

const commit = (store: Store, key: string) =>
  store.run(async (tx) =>
    tx.stage({ topic: 'node', key, operation: 'upsert', contentHash: 'h', write: async () => undefined }),
  );

/** What kill -9 of the owner leaves: a server that runs, and a socket file that nobody answers on. */
const startOrphan = async (name: string): Promise<number> => {
  const cluster = join(folder, name, 'cluster');
  const binaries = findBinaries(undefined);
  const user = chooseLaunchUser(binaries, join(folder, name));
  const sockets = join(folder, 'orphan-sockets');
  makePrivateFolder(user, sockets);
  const args = ['-D', cluster, '-c', 'listen_addresses=', '-c', `unix_socket_directories=${sockets}`];
  const command = commandOf(user, binaries, 'postgres', args);
  const child = spawn(command.file, command.args, { ...user.ids, cwd: '/', detached: true, stdio: 'ignore' });
  const url = `postgres://banyan@/banyan?host=${encodeURIComponent(sockets)}`;
  await (await open(url)).close();
  return child.pid ?? 0;
};

describe('EmbeddedPostgres', () => {
  it('loses nothing when its server is killed: tells the owner, restarts, and the same store goes on', async () => {
    let exited: (signal: NodeJS.Signals | null) => void;
    const exit = new Promise<NodeJS.Signals | null>((resolve) => {
      exited = resolve;
    });
    const postgres = await start('killed', { onExit: (_code, signal) => exited(signal) });
    const store = await open(postgres.url);
    for (const key of ['a', 'b', 'c']) await commit(store, key);
    process.kill(postgres.pid ?? 0, 'SIGKILL');
    expect(await exit).toBe('SIGKILL');
    await expect(store.ping()).rejects.toMatchObject({ name: 'BanyanError', code: 'STORE_UNREACHABLE' });
    await postgres.restart();
    expect(await store.currentIndex()).toBe(4);
    expect((await commit(store, 'd')).index).toBe(5);
    await store.close();
    await postgres.stop();
    expect(postgres.pid).toBeUndefined();
  });

  it('takes over a server that outlived its process, and refuses one whose process lives', async () => {
    const first = await start('orphan');
    const store = await open(first.url);
    await commit(store, 'a');
    await store.close();
    await expect(start('orphan')).rejects.toMatchObject({ name: 'BanyanError', code: 'STORE_BUSY' });
    await first.stop();
    const orphan = await startOrphan('orphan');
    expect(isAlive(orphan)).toBe(true);
    const second = await start('orphan');
    expect(second.pid).not.toBe(orphan);
    expect(isAlive(orphan)).toBe(false);
    const again = await open(second.url);
    expect(await again.currentIndex()).toBe(2);
    await again.close();
    await second.stop();
  });

  it('starts anew after an initdb that was killed half-way', async () => {
    mkdirSync(join(folder, 'half', 'cluster.draft'), { recursive: true });
    writeFileSync(join(folder, 'half', 'cluster.draft', 'PG_VERSION'), '18\n');
    const postgres = await start('half');
    await (await open(postgres.url)).close();
    await postgres.stop();
  });

  it('says why it did not start: POSTGRES_START_FAILED with the log, POSTGRES_BINARIES_MISSING with what was tried', async () => {
    await expect(start('broken', { settings: { shared_buffers: 'lots' } })).rejects.toMatchObject({
      name: 'BanyanError',
      code: 'POSTGRES_START_FAILED',
      message: expect.stringContaining('shared_buffers'),
    });
    await expect(start('none', { binaries: join(folder, 'nowhere') })).rejects.toMatchObject({
      name: 'BanyanError',
      code: 'POSTGRES_BINARIES_MISSING',
      message: expect.stringContaining('nowhere'),
    });
  });
});

describe('OwnerSocket', () => {
  it('is held by one, and can be claimed when its file was left behind', async () => {
    const place = join(folder, 'owner');
    mkdirSync(place);
    writeFileSync(join(place, 'owner.sock'), '');
    const owner = await OwnerSocket.claim(place);
    await expect(OwnerSocket.claim(place)).rejects.toMatchObject({ name: 'BanyanError', code: 'STORE_BUSY' });
    await owner.release();
    await (await OwnerSocket.claim(place)).release();
  });
});
