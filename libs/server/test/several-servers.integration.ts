import { CA_ENTITIES } from '@banyan/ca';
import { eventually, withTestStore } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LanService } from '../src/edges/lan-service.js';
import { type RunningServer, startServer } from './server-bench.js';

const stores = withTestStore(CA_ENTITIES);
let one: RunningServer;
let two: RunningServer;
let isOneStopped = false;

beforeAll(async () => {
  const url = await stores.freshUrl();
  one = await startServer(url, 'dc1-server-1');
  await eventually('the first one holds the lease', () => one.core.fence() !== undefined);
  two = await startServer(url, 'dc1-server-2');
  await eventually('each has seen both', () => {
    for (const { core } of [one, two]) core.membership.wake();
    return [one, two].every(({ core }) => core.membership.servers.length === 2);
  });
}, 60_000);
afterAll(async () => {
  if (!isOneStopped) await one.stop();
  await two.stop();
});

const beat = { node: 'n1', address: '10.0.0.1', version: '0.1.0', observedMs: 1 };

describe('two servers of one datacenter', () => {
  it('name the same leader and the same peers', async () => {
    for (const server of [one, two]) {
      expect((await server.ask('/v1/status/leader')).text).toBe(JSON.stringify(one.lan));
      expect(JSON.parse((await server.ask('/v1/status/peers')).text)).toEqual([one.lan, two.lan].toSorted());
    }
  });

  it('list both with their addresses, their state and the lease that one of them holds', async () => {
    const answer = await two.ask('/v1/operator/servers');
    const { Leader, Servers } = JSON.parse(answer.text) as { Leader: string; Servers: Record<string, unknown>[] };
    expect(Leader).toBe(one.lan);
    expect(Servers).toMatchObject([
      {
        Name: 'dc1-server-1',
        LANAddress: one.lan,
        HTTPAddress: one.http,
        Alive: true,
        Leases: [{ Name: 'authority' }],
      },
      { Name: 'dc1-server-2', LANAddress: two.lan, HTTPAddress: two.http, Alive: true, Leases: [] },
    ]);
    expect(Servers[0]!['ID']).not.toBe(Servers[1]!['ID']);
  });

  it('tell agents of both, and other datacenters of both', async () => {
    const lan = new LanService(two.core, () => {
      throw new Error('no HTTP here');
    });
    expect((await lan.heartbeat(beat)).servers).toEqual([one.lan, two.lan].toSorted());
    await eventually('the record has both WAN addresses', () => {
      const told = two.core.datacenters.find('dc1')?.wanAddress ?? '';
      return told.split(',').length === 2;
    });
    expect(two.core.datacenters.find('dc1')!.wanAddress).toBe(two.core.membership.wanAddresses().join(','));
  }, 20_000);

  it('hand the lease over at once when its holder stops, and go on writing', async () => {
    const { fencing } = one.core.fence()!;
    const start = performance.now();
    await one.stop();
    isOneStopped = true;
    await eventually('the other one holds the lease', () => two.core.fence() !== undefined);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(two.core.fence()!.fencing).toBe(fencing + 1);
    const path = '/v1/connect/intentions/exact?source=web&destination=api';
    expect(await two.ask(path, { method: 'PUT', body: { Action: 'allow' } })).toMatchObject({ status: 200 });
    await eventually('the leader and the peers are the one that is left', () => {
      const { membership } = two.core;
      membership.wake();
      return membership.holderOf('authority')?.lanAddress === two.lan && membership.lanAddresses().length === 1;
    });
    expect((await two.ask('/v1/status/leader')).text).toBe(JSON.stringify(two.lan));
    expect(JSON.parse((await two.ask('/v1/status/peers')).text)).toEqual([two.lan]);
  }, 30_000);
});
