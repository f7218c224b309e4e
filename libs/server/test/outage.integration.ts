import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '@banyan/store';
import { eventually } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, type RunningServer, startServer } from './server-bench.js';

const INTENTION = '/v1/connect/intentions/exact?source=web&destination=api';
const folder = mkdtempSync(join(tmpdir(), 'banyan-outage-'));
chmodSync(folder, 0o711);

let postgres: EmbeddedPostgres;
let server: RunningServer;

const startPostgres = (): Promise<EmbeddedPostgres> =>
  EmbeddedPostgres.start({
    dataDir: join(folder, 'pg'),
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
  });

beforeAll(async () => {
  postgres = await startPostgres();
  server = await startServer(postgres.url, 'dc1-server-1');
  await eventually('it signs', () => server.core.ca.state.active !== undefined);
  expect(await write('allow')).toMatchObject({ status: 200 });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const write = (action: 'allow' | 'deny'): Promise<Answer> =>
  server.ask(INTENTION, { method: 'PUT', body: { Action: action } });
const read = async (): Promise<{ action: unknown; leader: string | null; lastContact: number }> => {
  const { status, text, headers } = await server.ask(INTENTION);
  expect(status).toBe(200);
  return {
    action: (JSON.parse(text) as { Action: unknown }).Action,
    leader: headers.get('x-consul-knownleader'),
    lastContact: Number(headers.get('x-consul-lastcontact')),
  };
};
const unwell = async (): Promise<Record<string, string>> => {
  const { status, text } = await server.ask('/readyz');
  const { degraded, dependencies } = JSON.parse(text) as {
    degraded?: true;
    dependencies: { name: string; ok: boolean; reason: string }[];
  };
  const bad = dependencies.filter(({ ok }) => !ok).map(({ name, reason }) => [name, reason] as const);
  // Reads go on without the database: no load balancer is to turn away from all servers at once.
  const isServing = bad.every(([name]) => name === 'database' || name === 'change-feed');
  expect([status, degraded]).toEqual([isServing ? 200 : 503, bad.length > 0 && isServing ? true : degraded]);
  return Object.fromEntries(bad);
};
/** Repeats until `holds`; the test's own limit is what fails it otherwise. */
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 100));
};

describe('a server whose PostgreSQL', () => {
  it('is well says that its answers are current', async () => {
    expect(await read()).toEqual({ action: 'allow', leader: 'true', lastContact: 0 });
    await until(async () => Object.keys(await unwell()).length === 0);
  });

  it('was stopped answers reads from memory with their age, refuses writes by name, and recovers by itself', async () => {
    await postgres.stop();
    const refused = await write('deny');
    expect([refused.status, refused.headers.get('x-banyan-error')]).toEqual([503, 'STORE_UNREACHABLE']);
    expect(refused.text).toMatch(
      /^The datacenter cannot reach its store; try again later \((ENOENT|ECONNREFUSED|57P01|ECONNRESET)\)$/,
    );
    await until(async () => (await read()).leader === 'false');
    const first = await read();
    expect(first).toMatchObject({ action: 'allow', leader: 'false' });
    expect(first.lastContact).toBeGreaterThan(3_000);
    await until(async () => (await read()).lastContact > first.lastContact + 500);
    expect(await unwell()).toMatchObject({
      database: expect.stringContaining('STORE_UNREACHABLE') as unknown,
      'change-feed': expect.stringContaining('behind the database since') as unknown,
    });
    // A lease of 6 s that cannot be renewed is given up, so that nothing is done under it.
    await until(async () => server.core.fence() === undefined);

    postgres = await startPostgres();
    await until(async () => (await write('deny')).status === 200);
    expect(await read()).toEqual({ action: 'deny', leader: 'true', lastContact: 0 });
    await until(async () => server.core.fence() !== undefined);
    await until(async () => Object.keys(await unwell()).length === 0);
    expect((await server.ask('/v1/status/leader')).text).toBe(JSON.stringify(server.lan));
  }, 60_000);

  it('ended every session goes on: at most the writes under way are refused, and the next ones are made', async () => {
    const { store } = server.core;
    const end = store
      .query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()', [])
      .catch(() => undefined);
    const during = await Promise.all([write('allow'), write('allow'), end]);
    for (const answer of during.slice(0, 2)) expect([200, 503]).toContain((answer as Answer).status);
    await until(async () => (await write('deny')).status === 200);
    // A change from elsewhere is heard by the listener, which has connected again.
    await until(async () => (await read()).action === 'deny');
    await until(async () => Object.keys(await unwell()).length === 0);
    expect((await read()).leader).toBe('true');
  }, 30_000);

  it('has become read-only says so by name, keeps reading, and writes again when it may', async () => {
    const beside = postgres.url.replace('@/banyan?', '@/postgres?');
    const { Client } = await import('pg');
    const admin = new Client({ connectionString: beside });
    await admin.connect();
    const readOnly = async (on: boolean): Promise<void> => {
      await admin.query(`ALTER DATABASE banyan SET default_transaction_read_only = ${on ? 'on' : 'off'}`);
      await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'banyan'");
    };
    await readOnly(true);
    await until(async () => (await write('allow')).text.endsWith('(read-only)'));
    const refused = await write('allow');
    expect([refused.status, refused.headers.get('x-banyan-error')]).toEqual([503, 'STORE_UNREACHABLE']);
    expect((await read()).action).toBe('deny');
    expect((await unwell())['database']).toContain('read-only');
    await readOnly(false);
    await until(async () => (await write('allow')).status === 200);
    expect((await read()).action).toBe('allow');
    await until(async () => Object.keys(await unwell()).length === 0);
    await admin.end();
  }, 40_000);
});
