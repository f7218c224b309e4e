import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { runCli } from './testing/run-cli.js';

const folder = mkdtempSync(join(tmpdir(), 'banyan-cli-'));
const running: Server[] = [];
let asked: IncomingMessage[] = [];
afterEach(() => {
  asked = [];
  for (const server of running.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const listening = async (server: Server, at: string | number = 0): Promise<number> => {
  running.push(server);
  server.listen(at as number, ...(typeof at === 'number' ? ['127.0.0.1'] : []));
  await once(server, 'listening');
  return typeof at === 'number' ? (server.address() as AddressInfo).port : 0;
};

const answering =
  (status: number, text: string, code?: string): RequestListener =>
  (request, response) => {
    asked.push(request);
    response.writeHead(status, code === undefined ? {} : { 'x-banyan-error': code }).end(text);
  };

const epoch = (address: string, ...more: string[]): Promise<Awaited<ReturnType<typeof runCli>>> =>
  runCli(['server', 'new-epoch', '-http-addr', address, ...more]);

describe('a command line', () => {
  it('asks with the token and datacenter of the options, wherever they stand', async () => {
    const port = await listening(createServer(answering(200, 'true')));
    const words = ['-token=t1', '--datacenter', 'dc 2', 'server', 'new-epoch', '-http-addr', `127.0.0.1:${port}`];
    expect(await runCli(words)).toMatchObject({ code: 0, errors: '' });
    expect(asked.map(({ method, url, headers }) => [method, url, headers['x-consul-token']])).toEqual([
      ['PUT', '/v1/replication/new-epoch?dc=dc+2', 't1'],
    ]);
  });

  it('asks over a unix socket', async () => {
    const path = join(folder, 'api.sock');
    await listening(createServer(answering(200, 'true')), path);
    expect(await epoch(`unix://${path}`)).toMatchObject({ code: 0 });
  });

  it('asks over https with the CA that is named, and says what to do without it', async () => {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const kind = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=test'.split(' ');
    const names = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...kind, ...names], { stdio: 'ignore' });
    const server = createSecureServer({ key: readFileSync(key), cert: readFileSync(cert) }, answering(200, 'true'));
    const address = `https://127.0.0.1:${await listening(server)}`;
    expect(await epoch(address, '--ca-file', cert)).toMatchObject({ code: 0 });
    expect(
      await runCli(['server', 'new-epoch'], { env: { CONSUL_HTTP_ADDR: address, CONSUL_CACERT: cert } }),
    ).toMatchObject({ code: 0 });
    const refused = await epoch(address);
    expect(refused.code).toBe(3);
    expect(refused.errors).toContain('--ca-file or BANYAN_CACERT');
  });

  it.each([
    [403, 'Permission denied: lacks operator:write', 'PERMISSION_DENIED', 4],
    [403, 'ACL not found', 'ACL_NOT_FOUND', 4],
    [404, 'no such stream', 'REPLICATION_STREAM_UNKNOWN', 5],
    [409, 'the plan changed', 'ROTATION_PLAN_STALE', 6],
    [503, 'no server answers', 'SERVER_UNREACHABLE', 3],
    [503, 'took too long', 'TIMEOUT', 7],
    [500, 'Internal error', 'INTERNAL', 1],
    [500, 'someone configured it wrongly', 'CONFIG_INVALID', 1],
    [404, 'nothing here', undefined, 5],
  ])('ends a refusal %i %j %s with %i, its text and its code', async (status, text, code, expected) => {
    const port = await listening(createServer(answering(status, text, code)));
    const run = await epoch(`127.0.0.1:${port}`);
    expect(run.code).toBe(expected);
    expect(run.errors).toContain(`banyan: ${text} [${code ?? 'ROUTE_NOT_FOUND'}]\n`);
  });

  it('says what to do next', async () => {
    const run = await epoch('127.0.0.1:1');
    expect(run).toMatchObject({ code: 3, out: '' });
    expect(run.errors).toMatch(
      /http:\/\/127\.0\.0\.1:1 does not answer: .*\[SERVER_UNREACHABLE\]\n {2}next: .*BANYAN_HTTP_ADDR/,
    );
  });

  it('lets no answer act on the terminal', async () => {
    const port = await listening(createServer(answering(500, 'a\u001B[2Jb', 'INTERNAL')));
    expect((await epoch(`127.0.0.1:${port}`)).errors).toContain('a\\u001b[2Jb');
  });

  it.each([
    [['server', 'new-epoch', '--token-file', join(folder, 'none')], 'CONFIG_INVALID'],
    [['server', 'new-epoch', '--http-addr', 'ftp://x'], 'CONFIG_INVALID'],
    [['nonsense'], 'unknown command'],
    [['server', 'new-epoch', '-o', 'xml'], 'table, json, yaml'],
  ])('ends the wrong usage %j with 2', async (words, text) => {
    const run = await runCli(words);
    expect(run.code).toBe(2);
    expect(run.errors).toContain(text);
  });

  it('documents its exit codes and variables in --help', async () => {
    const run = await runCli(['-help']);
    expect(run.code).toBe(0);
    expect(run.out).toContain('  4  permission denied\n');
    expect(run.out).toContain('BANYAN_HTTP_TOKEN_FILE');
  });
});
