import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runDev } from './run-dev.js';

/** Stands in for every server and agent: remembers what is written to it, and answers in the shapes that are read. */
const SERVER = `
import { createServer } from 'node:http';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
const [host, port] = process.env.BANYAN_HTTP_BIND.split(':');
let asked = 0;
let intention;
const answers = {
  'GET /readyz': () => (asked += 1) < 3 ? [503, 'still starting'] : [200, 'ready'],
  'GET /v1/connect/ca/roots': () => [200, { TrustDomain: 'td.consul', ActiveRootID: 'aa', Roots: [
    { ID: 'aa:bb', SigningKeyID: 'cc:dd', Active: true, IntermediateCerts: null }] }],
  'GET /v1/agent/connect/ca/leaf/web': () => [200, { ServiceURI: 'spiffe://td/web', SerialNumber: '01', ValidBefore: 'then' }],
  'PUT /v1/agent/service/register': () => [200, ''],
  'PUT /v1/connect/intentions/exact': () => (intention = true, [200, true]),
  'GET /v1/connect/intentions/exact': () =>
    [200, { SourceName: 'web', DestinationName: 'api', Action: 'allow', Precedence: 9, ModifyIndex: 4 }],
};
mkdirSync(process.env.BANYAN_DATA_DIR, { recursive: true });
writeFileSync(join(process.env.BANYAN_DATA_DIR, 'root.fingerprint'), 'ee:ff');
createServer((request, response) => {
  const path = request.url.split('?')[0];
  const [status, body] = (answers[request.method + ' ' + path] ?? (() => [404, 'no ' + path]))();
  console.log(request.method, request.url, request.headers['x-consul-token'] ? 'with a token' : 'without a token');
  response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
}).listen(Number(port), host);
process.on('SIGTERM', () => process.exit(0));
`;
const WEB = `
import { createServer } from 'node:http';
const at = process.argv[process.argv.indexOf('--listen') + 1].split(':');
createServer((_, response) => response.end('{"service":"web"}')).listen(Number(at[1]), at[0]);
process.on('SIGTERM', () => process.exit(0));
`;
const PROXY = `setInterval(() => {}, 1000); process.on('SIGTERM', () => process.exit(0));`;
const ENTRIES = {
  'apps/primary-server/src/main.js': SERVER,
  'apps/secondary-server/src/main.js': SERVER,
  'apps/agent/src/main.js': SERVER,
  'apps/demo/src/main.js': WEB,
  'apps/cli/src/main.js': PROXY,
};

let root: string;
let screen: string;
let stop: AbortController;

const entry = (path: string, script: string): void => {
  mkdirSync(dirname(join(root, 'dist', path)), { recursive: true });
  writeFileSync(join(root, 'dist', path), script);
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'banyan-run-dev-'));
  screen = '';
  stop = new AbortController();
  mkdirSync(join(root, 'dist'));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  for (const [path, script] of Object.entries(ENTRIES)) entry(path, script);
});
afterEach(() => rmSync(root, { recursive: true }));

const run = (more: { readonly onText?: (text: string) => void } = {}): Promise<0 | 1> =>
  runDev({
    fresh: false,
    env: { PATH: process.env['PATH'], BANYAN_HTTP_TOKEN: 'not-for-the-processes', BANYAN_DEV_PORT_OFFSET: '11500' },
    cwd: root,
    dist: join(root, 'dist'),
    signal: stop.signal,
    write: (text) => {
      screen += text;
      more.onText?.(text);
    },
    clock: new SystemClock(),
    timers: new SystemTimers(),
    random: new SystemRandom(),
  });

const log = (name: string): string => readFileSync(join(root, '.banyan/logs', `${name}.log`), 'utf8');

describe('runDev', () => {
  it('tells the whole story, then stops everything when asked to', async () => {
    const code = await run({ onText: (text) => text.includes('Three things to try') && stop.abort() });
    expect(code).toBe(0);
    for (const fact of [
      'td.consul',
      'ee:ff',
      'dc1 signs',
      'dc2 signs',
      'dc2 has it: web → api allow',
      'spiffe://td/web',
      '200 in ',
    ]) {
      expect(screen).toContain(fact);
    }
    expect(screen).toMatch(/curl http:\/\/127\.0\.0\.1:19580\/\n/);
    expect(screen).toMatch(/stopped\.\n$/);
    expect(log('dc2-agent-1')).toContain('PUT /v1/connect/intentions/exact?source=web&destination=api with a token');
    expect(screen).not.toContain(readFileSync(join(root, '.banyan/secrets/management.token'), 'utf8').trim());
    expect(() => readFileSync(join(root, '.banyan/running.json'))).toThrow(/ENOENT/);
  });

  it('reports the process that fails with its last words, stops the others, and gives 1', async () => {
    entry('apps/secondary-server/src/main.js', `console.error('BANYAN_LAN_BIND is wrong'); process.exit(1);`);
    expect(await run()).toBe(1);
    expect(screen).toMatch(/✗.* dc2-server-1 exited with code 1\.\n {2}\| BANYAN_LAN_BIND is wrong\n {2}\(whole log: /);
    expect(screen).toMatch(/stopped\.\n$/);
  });

  it('stops in the middle of starting when asked to', async () => {
    expect(await run({ onText: (text) => text.includes('starting dc2-server-1') && stop.abort() })).toBe(0);
    expect(screen).toMatch(/stopped\.\n$/);
    expect(screen).not.toContain('dc2 signs');
  });

  it('starts nothing when a port is taken', async () => {
    const holder = createServer().listen(20_000, '127.0.0.1');
    await expect(run()).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining('BANYAN_DEV_DC1_AGENT_HTTP_PORT'),
    });
    holder.close();
    expect(() => readFileSync(join(root, '.banyan'))).toThrow(/ENOENT/);
  });
});
