import { once } from 'node:events';
import { connect } from 'node:net';
import { connect as secure } from 'node:tls';
import { SecretText, SystemClock } from '@banyan/kernel';
import { freePort } from '@banyan/testkit';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LanClient, RotatingIdentity } from '../src/index.js';
import { agentUri, serverUri, TestAuthority } from './support/test-authority.js';
import { untilAborted } from './support/test-ports.js';
import { TestServer, until } from './support/test-server.js';
import { Wire } from './support/wire.js';

const clock = new SystemClock();
const beat = { node: 'n1', address: '', version: '', observedMs: 1 };
const leaf = { token: new SecretText('t'), csrPem: 'csr' };

let authority: TestAuthority;
let first: TestServer;
let second: TestServer;

const clientOf = (addresses: readonly string[]): LanClient =>
  new LanClient({
    addresses,
    identity: new RotatingIdentity(authority.issue(agentUri('dc1', 'n1'))),
    datacenter: 'dc1',
    clock,
  });

beforeAll(async () => {
  authority = TestAuthority.create('root one');
  first = await TestServer.start(new RotatingIdentity(authority.issue(serverUri('dc1'))));
  second = await TestServer.start(new RotatingIdentity(authority.issue(serverUri('dc1'))));
});
afterAll(async () => {
  await first.stop();
  await second.stop();
});

describe('several servers', () => {
  it('share the calls', async () => {
    const client = clientOf([first.lanAddress, second.lanAddress]);
    const before = [first.lan.signed, second.lan.signed];
    let calls = 0;
    while (first.lan.signed === before[0] || second.lan.signed === before[1]) {
      await client.signLeaf(leaf);
      calls += 1;
    }
    for (let more = 0; more < 20; more += 1) await client.signLeaf(leaf);
    expect(first.lan.signed - (before[0] ?? 0)).toBeGreaterThanOrEqual(10);
    expect(second.lan.signed - (before[1] ?? 0)).toBeGreaterThanOrEqual(10);
    expect(calls).toBeLessThan(1_000);
    client.close();
  });

  it('cover for one that is not there, and for one that goes with a call under way', async () => {
    const wire = new Wire(await freePort(), first.lanAddress);
    await wire.mend();
    const client = clientOf([`127.0.0.1:${await freePort()}`, wire.address, second.lanAddress]);
    for (let calls = 0; calls < 6; calls += 1) expect(await client.heartbeat(beat)).toMatchObject({ serverMs: 2 });
    let hanging = 0;
    first.lan.onForward = () => {
      hanging += 1;
      return new Promise(() => undefined);
    };
    const request = { method: 'GET', path: '/v1/x', headers: {}, body: Buffer.alloc(0) } as const;
    const reads = [client.forward(request), client.forward(request), client.forward(request), client.forward(request)];
    await until(() => hanging > 0);
    await wire.cut();
    expect((await Promise.all(reads)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    client.close();
  });

  it('never get a write twice', async () => {
    const wires = [new Wire(await freePort(), first.lanAddress), new Wire(await freePort(), second.lanAddress)];
    for (const wire of wires) await wire.mend();
    const client = clientOf(wires.map(({ address }) => address));
    const before = [first.lan.signed, second.lan.signed];
    while (first.lan.signed === before[0] || second.lan.signed === before[1]) await client.signLeaf(leaf);
    const writes: number[] = [];
    for (const [at, { lan }] of [first, second].entries()) {
      lan.onForward = () => {
        writes.push(at);
        return new Promise(() => undefined);
      };
    }
    const request = { method: 'PUT', path: '/v1/x', headers: {}, body: Buffer.alloc(0) } as const;
    const refused = expect(client.forward(request)).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    await until(() => writes.length > 0);
    // The server that has the write is lost; the other one is connected and would take it.
    await wires[writes[0] ?? 0]?.cut();
    await refused;
    expect(writes).toHaveLength(1);
    client.close();
    for (const wire of wires) await wire.cut();
  });

  it('are kept when their list changes around them, with the streams on them', async () => {
    const client = clientOf([first.lanAddress]);
    first.lan.onWatch = async function* (_request, call) {
      for (let index = 1; ; index += 1) {
        yield { index, status: 200, body: Buffer.from('') };
        await Promise.race([new Promise((resolve) => setTimeout(resolve, 20)), untilAborted(call.signal)]);
      }
    };
    const stream = client.watch({ path: '/v1/w', token: new SecretText('t') });
    await stream.next();
    client.setAddresses([first.lanAddress, second.lanAddress]);
    expect(client.addresses).toEqual([first.lanAddress, second.lanAddress]);
    expect(client.state).toBe('ready');
    client.setAddresses([second.lanAddress]);
    for (let more = 0; more < 3; more += 1) expect(await stream.next()).toMatchObject({ done: false });
    const before = first.lan.signed;
    for (let calls = 0; calls < 4; calls += 1) await client.signLeaf(leaf);
    expect(first.lan.signed).toBe(before);
    await stream.return();
    client.close();
  });

  it.each([[[]], [['host']], [['http://h:1']]])('does not take %j for addresses', (addresses) => {
    expect(() => clientOf(addresses)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });
});

it('a server that has stopped serves no connection whose handshake ends later', async () => {
  const server = await TestServer.start(new RotatingIdentity(authority.issue(serverUri('dc1'))));
  const [host, port] = server.lanAddress.split(':');
  const early = connect(Number(port), host);
  await once(early, 'connect');
  await server.stop();
  const { certChainPem, keyPem, bundlePem } = authority.issue(agentUri('dc1', 'n1'));
  const identity = { cert: certChainPem, key: keyPem.reveal(), ca: bundlePem };
  const late = secure({ socket: early, ...identity, ALPNProtocols: ['h2'], checkServerIdentity: () => undefined });
  late.on('error', () => undefined);
  await new Promise((resolve) => late.once('close', resolve));
  expect(late.destroyed).toBe(true);
});
