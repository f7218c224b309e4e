import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rawHttp } from '@banyan/testkit';
import { injectHttp } from '@banyan/http-kit';
import { type Edge, startEdge } from './edge-fixture.js';

let edge: Edge;
beforeAll(async () => {
  edge = await startEdge(['mesh.example.com']);
});
afterAll(async () => {
  await edge.app.close();
});

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0';

const ask = (headers: Record<string, string>, method = 'GET') =>
  rawHttp({
    port: edge.port,
    method,
    path: method === 'GET' ? '/v1/scalar' : '/v1/optional',
    headers,
    ...(method === 'GET' ? {} : { body: '{"Name":"x"}' }),
  });

describe('a browser', () => {
  it.each(['127.0.0.1:8510', '[::1]:8510', 'localhost:8510', 'dc1.localhost', 'dc1-server', 'Mesh.Example.com:443'])(
    'is answered under %s',
    async (host) => {
      expect((await ask({ host, 'user-agent': FIREFOX })).status).toBe(200);
    },
  );

  it.each(['evil.example', 'mesh.example.com.evil.example', 'localhost.', '127.0.0.1.evil.example'])(
    'is refused under %p, which may be anybody’s',
    async (host) => {
      const answer = await ask({ host, 'user-agent': FIREFOX });
      expect([answer.status, answer.headers['x-banyan-error']]).toEqual([421, 'HOST_NOT_ALLOWED']);
    },
  );

  it.each([
    { origin: 'http://evil.example' },
    { 'sec-fetch-site': 'same-origin' },
    { referer: 'http://evil.example/page' },
  ])('is known by %p too', async (sign) => {
    const answer = await ask({ host: 'evil.example', ...(sign as Record<string, string>) });
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([421, 'HOST_NOT_ALLOWED']);
  });

  it('writes for a page of this server, over TLS that ends elsewhere too', async () => {
    expect((await ask({ host: 'localhost:8510', origin: 'http://localhost:8510' }, 'POST')).status).toBe(200);
    const proxied = { host: 'mesh.example.com', origin: 'https://mesh.example.com', 'sec-fetch-site': 'same-origin' };
    expect((await ask(proxied, 'POST')).status).toBe(200);
  });

  it.each([
    { origin: 'http://evil.example' },
    { origin: 'http://localhost:9999' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'http://localhost:8510' },
  ])('does not write for a page with %p', async (sign) => {
    const answer = await ask({ host: 'localhost:8510', ...(sign as Record<string, string>) }, 'POST');
    expect([answer.status, answer.headers['x-banyan-error']]).toEqual([403, 'ORIGIN_NOT_ALLOWED']);
  });
});

describe('every other client', () => {
  it('is answered under any name, as before', async () => {
    expect((await ask({ host: 'dc1.mesh.internal.example', 'user-agent': 'Go-http-client/1.1' })).status).toBe(200);
    expect((await ask({ host: 'dc1.mesh.internal.example' }, 'POST')).status).toBe(200);
  });

  it('keeps what its own browser said when another process carries it', async () => {
    const headers = { host: 'evil.example', origin: 'http://evil.example' };
    expect((await injectHttp(edge.app, { method: 'GET', path: '/v1/scalar', headers })).status).toBe(200);
  });
});
