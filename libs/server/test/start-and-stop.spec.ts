import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CA_ENTITIES } from '@banyan/ca';
import { SilentLogger } from '@banyan/kernel';
import { readSettings } from '@banyan/settings';
import { freePort, withTestStore } from '@banyan/testkit';
import { describe, expect, it } from '@jest/globals';
import { DatacenterCore, DatacenterLinks, DatacenterServer, PrimaryRole, primarySettings } from '../src/index.js';

const stores = withTestStore(CA_ENTITIES);

const listening = async (port = 0): Promise<{ server: Server; port: number }> => {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
};
const freed = async ({ server, port }: { server: Server; port: number }): Promise<number> => {
  server.close();
  await once(server, 'close');
  return port;
};
const unread = (): never => {
  throw new Error('no file is named');
};

/** A primary that is about to start. `closed` tells of its store. */
const preparePrimary = async (ports: { http: number; lan: number; wan: number }) => {
  const env = {
    BANYAN_DATACENTER: 'dc1',
    BANYAN_DATABASE_URL: await stores.freshUrl(),
    BANYAN_KEK: Buffer.alloc(32, 7).toString('base64'),
    BANYAN_HTTP_BIND: `127.0.0.1:${ports.http}`,
    BANYAN_LAN_BIND: `127.0.0.1:${ports.lan}`,
    BANYAN_WAN_BIND: `127.0.0.1:${ports.wan}`,
  };
  const settings = readSettings(primarySettings, { env, readFile: unread });
  const core = await DatacenterCore.open(settings, new SilentLogger(), unread);
  let role: PrimaryRole | undefined;
  const parts = {
    core,
    links: new DatacenterLinks(core),
    role: (http: ConstructorParameters<typeof PrimaryRole>[0]['http']) =>
      (role = new PrimaryRole({ core, settings, kinds: [], http, onRoot: () => undefined })),
  };
  return { parts, role: () => role!, isClosed: () => !core.store.dataSource.isInitialized };
};

describe('a server', () => {
  it('whose HTTP port is taken opens nothing: the ports it had opened are free again, the store is closed', async () => {
    const taken = await listening();
    const [lan, wan] = [await freePort(), await freePort()];
    const { parts, isClosed } = await preparePrimary({ http: taken.port, lan, wan });
    await expect(DatacenterServer.start(parts)).rejects.toMatchObject({ name: 'BanyanError', code: 'PORT_IN_USE' });
    expect(isClosed()).toBe(true);
    for (const port of [lan, wan]) expect(await freed(await listening(port))).toBe(port);
    await freed(taken);
  });

  it('of which a part cannot be stopped closes its store all the same, and says what failed', async () => {
    const [http, lan, wan] = [await freePort(), await freePort(), await freePort()];
    const { parts, role, isClosed } = await preparePrimary({ http, lan, wan });
    const server = await DatacenterServer.start(parts);
    const stop = role().stop.bind(role());
    role().stop = async () => {
      await stop();
      throw new Error('it would not stop');
    };
    await expect(server.stop()).rejects.toThrow('it would not stop');
    expect(isClosed()).toBe(true);
    role().stop = stop;
    await expect(server.stop()).resolves.toBeUndefined();
  });
});
