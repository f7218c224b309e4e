import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SecretText } from '@banyan/kernel';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Connection } from './connection.js';
import { findSidecar } from './find-sidecar.js';

const running: Server[] = [];
afterEach(() => {
  for (const server of running.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const agentWith = async (status: number, body: unknown): Promise<Connection> => {
  const server = createServer((request, response) => {
    const isRight = request.url === '/v1/agent/services' && request.headers['x-consul-token'] === 'the-secret';
    response.writeHead(isRight ? status : 400).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  running.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { address: `http://127.0.0.1:${port}`, token: new SecretText('the-secret'), tls: {} };
};

const proxy = (ID: string, DestinationServiceID: string) => ({
  ID,
  Kind: 'connect-proxy',
  Proxy: { DestinationServiceID },
});
const web = { ID: 'web', Service: 'web' };

describe('findSidecar', () => {
  it('finds the one proxy of the service, ignoring letter case', async () => {
    const services = { web, a: proxy('a', 'web'), b: proxy('b', 'api') };
    expect(await findSidecar(await agentWith(200, services), 'WEB')).toBe('a');
  });

  it.each([
    [200, { web }, 'SERVICE_NOT_FOUND', /SidecarService/],
    [200, { a: proxy('a', 'web'), b: proxy('b', 'web') }, 'SERVICE_INVALID', /a, b/],
    [403, 'ACL not found', 'PERMISSION_DENIED', /ACL not found\. Give one with -token/],
    [500, 'No cluster leader', 'SERVER_UNREACHABLE', /answered 500: No cluster leader/],
  ])('fails on %i %j with %s and what to do', async (status, body, code, text) => {
    await expect(findSidecar(await agentWith(status, body), 'web')).rejects.toMatchObject({
      code,
      message: expect.stringMatching(text),
    });
  });

  it('says where it looked when no agent answers', async () => {
    const nowhere = { address: 'http://127.0.0.1:1', token: undefined, tls: {} };
    await expect(findSidecar(nowhere, 'web')).rejects.toMatchObject({
      code: 'SERVER_UNREACHABLE',
      message: expect.stringMatching(/127\.0\.0\.1:1 .*BANYAN_HTTP_ADDR/),
    });
  });
});
