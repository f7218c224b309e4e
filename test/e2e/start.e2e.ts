import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from './harness/eventually.js';
import { askJson, callHttp } from './harness/http-call.js';

const START = join(dirname(fileURLToPath(import.meta.url)), '../../bin/start.mjs');
/** Every port of npm start moved away from a running one, and below those of outgoing connections. */
const OFFSET = 10_140;
const port = (usual: number): string => `127.0.0.1:${usual + OFFSET}`;

interface Roots {
  readonly TrustDomain: string;
}

const trustDomain = async (): Promise<string> =>
  (await askJson<Roots>(port(9500), { path: '/v1/agent/connect/ca/roots' })).TrustDomain;

describe('npm start', () => {
  let dataDir: string;
  let child: ChildProcess | undefined;
  let output = '';

  const start = (...args: string[]): void => {
    output = '';
    child = spawn(process.execPath, [START, ...args], {
      env: { PATH: process.env['PATH'], BANYAN_DATA_DIR: dataDir, BANYAN_DEV_PORT_OFFSET: String(OFFSET) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (text: Buffer) => (output += text.toString()));
  };
  const running = (): Promise<void> =>
    eventually('both datacenters are up', { limitMs: 60_000 }, () => {
      expect(output).toContain('Two datacenters are running');
    });
  const interrupt = async (): Promise<number | null> => {
    const { exitCode } = child!;
    const ended = exitCode === null ? once(child!, 'exit') : Promise.resolve([exitCode]);
    child!.kill('SIGINT');
    const [code] = (await ended) as [number | null];
    child = undefined;
    return code;
  };

  beforeAll(() => {
    dataDir = join(mkdtempSync(join(tmpdir(), 'banyan-start-')), 'data');
  });
  afterEach(async () => {
    if (child !== undefined) await interrupt();
  });
  afterAll(() => rmSync(dirname(dataDir), { recursive: true, force: true }));

  it('brings up two datacenters, shows the first request, and stops everything at Ctrl-C', async () => {
    start();
    await running();
    for (const step of [
      'trust domain',
      'root fingerprint',
      'dc2 signs with its own intermediate',
      'has a leaf',
      '200 in',
    ]) {
      expect(output).toContain(step);
    }
    const answer = await callHttp(port(8080), { path: '/' });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toMatchObject({ service: 'web', upstream: { service: 'api', datacenter: 'dc2' } });
    expect(statSync(join(dataDir, 'dev.env')).mode & 0o777).toBe(0o600);
    const [, token] = /BANYAN_HTTP_TOKEN=(.+)/.exec(readFileSync(join(dataDir, 'dev.env'), 'utf8'))!;
    expect(output).not.toContain(token);
    expect(await askJson(port(8500), { path: '/v1/catalog/nodes', token: token! })).toHaveLength(1);
    expect(await interrupt()).toBe(0);
    for (const usual of [8080, 8300, 8500, 8510, 9500, 9510]) {
      await expect(callHttp(port(usual), { path: '/' })).rejects.toThrow('ECONNREFUSED');
    }
  });

  it('finds its state again, and starts over with --fresh', async () => {
    start();
    await running();
    const kept = await trustDomain();
    await interrupt();
    start();
    await running();
    expect(await trustDomain()).toBe(kept);
    await interrupt();
    start('--fresh');
    await running();
    expect(await trustDomain()).not.toBe(kept);
  });

  it('names the setting to change when a port is busy, before it starts anything', async () => {
    const server = createServer().listen(8510 + OFFSET, '127.0.0.1');
    await once(server, 'listening');
    try {
      start();
      const [code] = (await once(child!, 'exit')) as [number];
      child = undefined;
      expect(code).toBe(1);
      expect(output).toContain(String(8510 + OFFSET));
      expect(output).toContain('BANYAN_DEV_DC1_SERVER_HTTP_PORT');
      expect(output).not.toContain('starting dc1-server-1');
    } finally {
      server.close();
    }
  });
});
