import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '@banyan/store';
import { Client } from 'pg';
import { freeAddress } from '@banyan/testkit';
import { eventually, Hopeless } from './harness/eventually.js';
import { callHttp } from './harness/http-call.js';
import { MeshProcess } from './harness/mesh-process.js';
import { endPostmaster } from './harness/postmaster.js';

/** What a server said last, from its JSON log. */
interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly code?: string;
  readonly reason?: string;
}

const DATABASE_PASSWORD = 'not-for-anybody-to-see';

describe('a server that cannot run as it was told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'banyan-e2e-guards-'));
  chmodSync(folder, 0o711);
  const dataDir = join(folder, 'data');
  let kek: string;
  let runs = 0;
  /** It tries for ten seconds, which pass beside the other tests. */
  let unanswered: ReturnType<typeof startWithoutDatabase> | undefined;

  /** A primary over `dataDir`, on free ports. `entry` and the settings can be replaced. */
  const serverWith = async (env: Record<string, string>, entry = 'primary-server'): Promise<MeshProcess> =>
    new MeshProcess(
      {
        name: `guard-${(runs += 1)}`,
        entry: `apps/${entry}/src/main.js`,
        env: {
          BANYAN_DATACENTER: 'dc1',
          BANYAN_DATA_DIR: dataDir,
          BANYAN_KEK: kek,
          BANYAN_HTTP_BIND: await freeAddress(),
          BANYAN_LAN_BIND: await freeAddress(),
          BANYAN_WAN_BIND: await freeAddress(),
          ...env,
        },
      },
      folder,
    );

  const startWithoutDatabase = async () => {
    const address = await freeAddress();
    const server = await serverWith({
      BANYAN_DATABASE_URL: `postgres://banyan:${DATABASE_PASSWORD}@${address}/banyan`,
    });
    return { server, address, refusal: settled(refusalOf(server)) };
  };

  beforeAll(async () => {
    kek = randomBytes(32).toString('base64');
    const server = await serverWith({});
    server.start();
    await eventually('the server becomes ready', { limitMs: 40_000 }, async () => {
      if (!server.isRunning) throw new Hopeless(server.logTail(10));
      const { status } = await callHttp(server.plan.env['BANYAN_HTTP_BIND']!, { path: '/readyz' });
      expect(status).toBe(200);
    });
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    unanswered = startWithoutDatabase();
  }, 60_000);

  afterAll(async () => {
    await endPostmaster(dataDir, 'SIGQUIT');
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  it('names the settings that are missing or wrong, and not their values', async () => {
    const refusal = await refusalOf(await serverWith({ BANYAN_DATACENTER: '', BANYAN_LAN_BIND: 'nonsense-value' }));
    expect(refusal.code).toBe('CONFIG_INVALID');
    expect(refusal.reason).toContain('BANYAN_DATACENTER is not set');
    expect(refusal.reason).toContain('BANYAN_LAN_BIND is not of the form host:port');
    expect(refusal.reason).not.toContain('nonsense-value');
  });

  it('names the primary as missing in a secondary', async () => {
    const refusal = await refusalOf(await serverWith({ BANYAN_PRIMARY_WAN_ADDRESS: '' }, 'secondary-server'));
    expect(refusal.code).toBe('CONFIG_INVALID');
    expect(refusal.reason).toContain('BANYAN_PRIMARY_WAN_ADDRESS is not set');
  });

  it('refuses plain HTTP beyond loopback, and says what allows it', async () => {
    const [, port] = (await freeAddress()).split(':');
    const refusal = await refusalOf(await serverWith({ BANYAN_HTTP_BIND: `0.0.0.0:${port}` }));
    expect(refusal.code).toBe('CONFIG_INVALID');
    expect(refusal.reason).toContain('BANYAN_HTTP_ALLOW_PLAIN_BIND=true');
  });

  it('refuses another key-encryption key than the one its database was made with', async () => {
    const other = randomBytes(32).toString('base64');
    const server = await serverWith({ BANYAN_KEK: other });
    const refusal = await refusalOf(server);
    expect(refusal.code).toBe('KEK_WRONG');
    expect(server.log).not.toContain(other);
  });

  it('refuses a key-encryption key that is none', async () => {
    const server = await serverWith({ BANYAN_KEK: 'c2hvcnQ=' });
    const refusal = await refusalOf(server);
    expect(refusal.code).toBe('KEK_INVALID');
    expect(server.log).not.toContain('c2hvcnQ=');
  });

  it.each(['BANYAN_HTTP_BIND', 'BANYAN_LAN_BIND', 'BANYAN_WAN_BIND'])(
    'names %s when its port is taken',
    async (setting) => {
      const address = await freeAddress();
      const squatter = await listenAt(address);
      try {
        const refusal = await refusalOf(await serverWith({ [setting]: address }));
        expect(refusal.code).toBe('PORT_IN_USE');
        expect(refusal.reason).toContain(address);
        expect(refusal.reason).toContain(setting);
      } finally {
        await once(squatter.close(), 'close');
      }
    },
  );

  it('gives up on a database that does not answer, without telling its password', async () => {
    const { server, address, refusal } = await unanswered!;
    const { code, reason } = await refusal;
    expect(code).toBe('STORE_UNREACHABLE');
    expect(reason).toContain(address);
    expect(server.log).not.toContain(DATABASE_PASSWORD);
  });

  // The last one: the database stays as it is left here.
  it('refuses a database that a newer version has migrated', async () => {
    const postgres = await EmbeddedPostgres.start({ dataDir: join(dataDir, 'postgres') });
    const client = new Client({ connectionString: postgres.url });
    try {
      await client.connect();
      const { rows } = await client.query<{ tablename: string }>(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE '%migration%'",
      );
      expect(rows).toHaveLength(1);
      await client.query(
        `INSERT INTO "${rows[0]!.tablename}" (timestamp, name) VALUES (9999999999999, 'FromTheFuture9999999999999')`,
      );
    } finally {
      await client.end();
      await postgres.stop();
    }
    const refusal = await refusalOf(await serverWith({}));
    expect(refusal.code).toBe('STORE_SCHEMA_NEWER');
  });
});

/** Starts it, expects it to end by itself with code 1, and returns the last line it logged: the reason. */
const refusalOf = async (server: MeshProcess): Promise<LogLine> => {
  server.start();
  expect(await server.ended).toEqual({ code: 1, signal: null });
  const last = JSON.parse(server.logTail(1)) as LogLine;
  expect(last).toMatchObject({ level: 50, msg: 'the process did not start' });
  return last;
};

/** Looked at later: a failure meanwhile is not an unhandled one. */
const settled = <T>(promise: Promise<T>): Promise<T> => {
  promise.catch(() => undefined);
  return promise;
};

const listenAt = async (address: string): Promise<Server> => {
  const [host, port] = address.split(':');
  const server = createServer();
  server.listen(Number(port), host);
  await once(server, 'listening');
  return server;
};
