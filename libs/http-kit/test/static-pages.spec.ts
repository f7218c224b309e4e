import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { serveStaticPages } from '@banyan/http-kit';
import { rawHttp } from '@banyan/testkit';
import { type Edge, startEdge } from './edge-fixture.js';

const CODE = `console.log('${'banyan '.repeat(200)}');`;

let folder: string;
let edge: Edge;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'banyan-ui-'));
  edge = await startEdge([], (app) => serveStaticPages(app, { folder: join(folder, 'ui'), prefix: '/ui' }));
});
afterEach(async () => {
  await edge.app.close();
  rmSync(folder, { recursive: true, force: true });
});

const build = (page: string, atSeconds: number): void => {
  mkdirSync(join(folder, 'ui/assets'), { recursive: true });
  writeFileSync(join(folder, 'ui/assets/index-abc123.js'), CODE);
  writeFileSync(join(folder, 'ui/banyan.svg'), '<svg/>');
  writeFileSync(join(folder, 'ui/index.html'), page);
  utimesSync(join(folder, 'ui/index.html'), atSeconds, atSeconds);
  writeFileSync(join(folder, 'secret.txt'), 'outside');
};

const ask = (path: string, headers: Record<string, string> = {}) => rawHttp({ port: edge.port, path, headers });

describe('the page', () => {
  it('comes with a policy that lets in nothing from elsewhere, and is asked for again each time', async () => {
    build('<!doctype html>one', 1_000);
    const answer = await ask('/ui/');
    expect([answer.status, answer.body]).toEqual([200, '<!doctype html>one']);
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    });
    const again = await ask('/ui/', { 'if-none-match': String(answer.headers['etag']) });
    expect([again.status, again.body]).toEqual([304, '']);
  });

  it('has parts that browsers keep for ever, compressed for who takes that', async () => {
    build('one', 1_000);
    const plain = await ask('/ui/assets/index-abc123.js');
    expect([plain.body, plain.headers['cache-control'], plain.headers['content-encoding']]).toEqual([
      CODE,
      'public, max-age=31536000, immutable',
      undefined,
    ]);
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      const options = {
        port: edge.port,
        path: '/ui/assets/index-abc123.js',
        headers: { 'accept-encoding': 'gzip, br' },
      };
      request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)));
      })
        .on('error', reject)
        .end();
    });
    expect(bytes.length).toBeLessThan(CODE.length / 4);
    expect(gunzipSync(bytes).toString()).toBe(CODE);
    expect((await ask('/ui/banyan.svg')).headers).toMatchObject({
      'content-type': 'image/svg+xml',
      'cache-control': 'no-cache',
    });
  });

  it('is another one as soon as it was built anew', async () => {
    build('one', 1_000);
    expect((await ask('/ui/')).body).toBe('one');
    build('two', 2_000);
    expect((await ask('/ui/')).body).toBe('two');
  });

  it('says that it was not built', async () => {
    const answer = await ask('/ui/');
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([404, 'ROUTE_NOT_FOUND']);
    expect(answer.body).toContain('npm run build');
  });

  it.each([
    '/ui/../secret.txt',
    '/ui/%2e%2e/secret.txt',
    '/ui/..%2fsecret.txt',
    '/ui//etc/passwd',
    '/ui/assets',
    '/ui/nothing',
  ])('is nothing else: %s', async (path) => {
    build('one', 1_000);
    const answer = await ask(path);
    expect([answer.status, answer.body.includes('outside')]).toEqual([404, false]);
  });

  it('is found from /ui, and refuses every method but GET', async () => {
    build('one', 1_000);
    const moved = await ask('/ui');
    expect([moved.status, moved.headers['location']]).toEqual([308, '/ui/']);
    const posted = await rawHttp({ port: edge.port, method: 'POST', path: '/ui/', body: '{}' });
    expect([posted.status, posted.headers['allow']]).toEqual([405, 'OPTIONS,GET']);
  });

  it('is shown under no name that may be anybody’s, whoever asks', async () => {
    build('one', 1_000);
    const answer = await ask('/ui/', { host: 'evil.example' });
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([421, 'HOST_NOT_ALLOWED']);
  });
});
