import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createDemoService } from './demo-service.js';
import { type DemoSettings, parseDemoSettings } from './settings.js';

const running: Server[] = [];
afterEach(() => {
  for (const server of running.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

const start = async (settings: Partial<DemoSettings>): Promise<string> => {
  const whole = { name: 'api', host: '127.0.0.1', port: 0, datacenter: undefined, upstream: undefined, ...settings };
  const server = createDemoService(whole);
  running.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

describe('the demo services', () => {
  it('answer with their own greeting, and web with that of its upstream inside', async () => {
    const api = await start({ name: 'api', datacenter: 'dc2' });
    const web = await start({ name: 'web', upstream: new URL(api) });
    const answered = await fetch(`${web}/`);
    expect(answered.status).toBe(200);
    expect(await answered.json()).toEqual({
      service: 'web',
      message: 'hello from web',
      upstream: { service: 'api', datacenter: 'dc2', message: 'hello from api' },
    });
  });

  it('answer 502 with the reason when the upstream closes without an answer', async () => {
    const closing = createServer((socket) => socket.destroy());
    closing.listen(0, '127.0.0.1');
    await once(closing, 'listening');
    const { port } = closing.address() as AddressInfo;
    const web = await start({ name: 'web', upstream: new URL(`http://127.0.0.1:${port}`) });
    const answered = await fetch(`${web}/`);
    closing.close();
    expect(answered.status).toBe(502);
    expect(((await answered.json()) as { error: string }).error).toMatch(
      /upstream .* refused or failed: .*socket hang up/,
    );
  });

  it('answer /healthz, and 404 elsewhere', async () => {
    const api = await start({});
    expect((await fetch(`${api}/healthz`)).status).toBe(200);
    expect((await fetch(`${api}/nowhere`)).status).toBe(404);
  });

  it('survive a client that goes away in the middle', async () => {
    const api = await start({});
    const socket = connect(Number(new URL(api).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write('GET / HTTP/1.1\r\n');
    socket.destroy();
    expect((await fetch(`${api}/healthz`)).status).toBe(200);
  });
});

describe('parseDemoSettings', () => {
  it('reads name, address and upstream', () => {
    const settings = parseDemoSettings([
      '--name',
      'web',
      '--listen',
      '127.0.0.1:8080',
      '--upstream',
      'http://127.0.0.1:9191',
    ]);
    expect(settings).toMatchObject({ name: 'web', host: '127.0.0.1', port: 8080 });
    expect(settings.upstream?.port).toBe('9191');
  });

  it.each([[['--listen', '127.0.0.1:1']], [['--name', 'web']], [['--name', 'web', '--listen', '127.0.0.1:99999']]])(
    'refuses %j',
    (argv) => expect(() => parseDemoSettings(argv)).toThrow(/--(name|listen)/),
  );
});
