import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { runCli } from '../../testing/run-cli.js';
import { checkCertificateFile, checkDataFolder } from './check-files.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-doctor-'));
const running: Server[] = [];
afterEach(() => {
  for (const server of running.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A server whose clock is `aheadMs` ahead, which waits for its database, and lets nobody read anything but the roots. */
const troubledServer = async (aheadMs: number): Promise<string> => {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    response.setHeader('date', new Date(Date.now() + aheadMs).toUTCString());
    if (path === '/v1/connect/ca/roots') {
      response.end(JSON.stringify({ ActiveRootID: 'aa', TrustDomain: 'td.consul', Roots: [] }));
    } else if (path === '/readyz') {
      const dependencies = [{ name: 'database', ok: false, reason: 'it does not answer' }];
      response.writeHead(503).end(JSON.stringify({ ok: false, dependencies }));
    } else {
      response.writeHead(403, { 'x-banyan-error': 'PERMISSION_DENIED' }).end('lacks operator:read');
    }
  });
  running.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};

describe('banyan doctor', () => {
  it('tells a clock that is off, what the server waits for, and a token that may not read, each with what to do', async () => {
    const run = await runCli(['doctor', '-http-addr', await troubledServer(-60_000), '--token', 'weak']);
    expect(run.code).toBe(9);
    expect(run.out).toMatch(/^clock +✗ FAILURE this machine is (?:59|60|61) s ahead of the server.*\n +→ run NTP/m);
    expect(run.out).toMatch(/^health +✗ FAILURE database: it does not answer\n +→ /m);
    expect(run.out).toMatch(/^token +! warning --token stands in the list of processes/m);
    expect(run.out).toMatch(
      /✗ FAILURE cannot be looked at: lacks operator:read \[PERMISSION_DENIED\]\n +→ give a token/,
    );
  });

  it('warns of a clock that is a little off', async () => {
    const run = await runCli(['doctor', '-http-addr', await troubledServer(10_000), '-o', 'json']);
    const { Findings } = run.json() as { Findings: readonly { Area: string; Grade: string; Next?: string }[] };
    const clock = Findings.filter(({ Area }) => Area === 'clock');
    expect(clock).toMatchObject([{ Grade: 'warning', Next: 'run NTP on both' }]);
  });

  it.each([
    [0.1, 'ok'],
    [0.85, 'warning'],
    [1.1, 'failure'],
    [-0.1, 'failure'],
  ])('grades a certificate with %f of its life used as %s', async (share, grade) => {
    const path = join(folder, 'cert.pem');
    const kind = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 10 -subj /CN=x'.split(' ');
    execFileSync('openssl', [...kind, '-keyout', join(folder, 'cert.key'), '-out', path], { stdio: 'ignore' });
    const now = Date.now() + share * 10 * 86_400_000;
    expect(await checkCertificateFile(path, now)).toMatchObject([{ area: 'certificates', grade }]);
  });

  it('says which secret files of a data folder others may read', async () => {
    const data = mkdtempSync(join(folder, 'data-'));
    for (const [name, mode] of [
      ['kek', 0o644],
      ['identity.json', 0o600],
      ['root.fingerprint', 0o644],
    ] as const) {
      writeFileSync(join(data, name), 'x');
      chmodSync(join(data, name), mode);
    }
    const files = (await checkDataFolder(data)).filter(({ area }) => area === 'files');
    expect(files.map(({ grade, next }) => [grade, next])).toEqual([
      ['ok', undefined],
      ['warning', `chmod 600 ${join(data, 'kek')}`],
    ]);
    expect(await checkDataFolder(join(folder, 'none'))).toMatchObject([{ area: 'disk', grade: 'failure' }]);
  });
});
