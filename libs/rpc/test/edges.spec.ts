import { connect } from 'node:net';
import { BanyanError, SecretText, SystemClock } from '@banyan/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ChannelCredentials, Client, type ServiceError, status } from '@grpc/grpc-js';
import { errorOf } from '../src/adapters/wire/error-status.js';
import { invoke } from '../src/adapters/client/invoke.js';
import { RootsReply } from '../src/domain/messages/bootstrap-messages.js';
import { HeartbeatReply, ResolveTokenReply } from '../src/domain/messages/lan-messages.js';
import { ReportReply } from '../src/domain/messages/wan-messages.js';
import type { TlsMaterial } from '../src/domain/tls-material.js';
import { LanClient, lanPeers, RotatingIdentity, rpcEdge, WanClient } from '../src/index.js';
import { agentUri, serverUri, TestAuthority, TRUST_DOMAIN } from './support/test-authority.js';
import { pause, TestServer } from './support/test-server.js';

const clock = new SystemClock();
const token = new SecretText('s3cret-token');
const beat = { node: 'n1', address: '10.0.0.1', version: '0.1.0', observedMs: 41 };

let authority: TestAuthority;
let foreign: TestAuthority;
let server: TestServer;
const open: { close(): void }[] = [];

const lanWith = (material: TlsMaterial, datacenter = 'dc1'): LanClient => {
  const client = new LanClient({
    addresses: [server.lanAddress],
    identity: new RotatingIdentity(material),
    datacenter,
    clock,
  });
  open.push(client);
  return client;
};
const wanWith = (material: TlsMaterial, datacenter = 'dc1'): WanClient => {
  const client = new WanClient({
    addresses: [server.wanAddress],
    identity: new RotatingIdentity(material),
    datacenter,
    clock,
  });
  open.push(client);
  return client;
};
/** A channel without any of our client's own checks, as a stranger would use. */
const raw = (address: string, pair?: TlsMaterial, credentials?: ChannelCredentials): Client => {
  const key = pair === undefined ? null : Buffer.from(pair.keyPem.reveal());
  const cert = pair === undefined ? null : Buffer.from(pair.certChainPem);
  const verify = { checkServerIdentity: () => undefined };
  const ssl = credentials ?? ChannelCredentials.createSsl(Buffer.from(authority.rootPem), key, cert, verify);
  const client = new Client(address, ssl);
  open.push(client);
  return client;
};
const call = (client: Client, service: string, name: string, request: object = {}): Promise<unknown> => {
  const replies: Record<
    string,
    typeof RootsReply | typeof HeartbeatReply | typeof ResolveTokenReply | typeof ReportReply
  > = {
    Roots: RootsReply,
    Heartbeat: HeartbeatReply,
    ResolveToken: ResolveTokenReply,
  };
  const method = { service, name, reply: replies[name] ?? ReportReply, repeatable: false };
  return invoke(method, request, { client, deadline: clock.now() + 5_000, signal: undefined }).catch(
    (error: unknown) => {
      throw error instanceof BanyanError ? error : errorOf(error as ServiceError, 'SERVER_UNREACHABLE');
    },
  );
};
const refusal = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    (value) => ({ code: 'NOT REFUSED', value }),
    (error: unknown) => error,
  );
const anyError: unknown = expect.any(BanyanError);

beforeAll(async () => {
  authority = TestAuthority.create('root one');
  foreign = TestAuthority.create('root of a stranger');
  server = await TestServer.start(new RotatingIdentity(authority.issue(serverUri('dc1'))));
  server.bootstrap.rootPems = [authority.rootPem];
});
afterAll(async () => {
  for (const each of open) each.close();
  await server.stop();
});

describe('the LAN edge', () => {
  it('serves an agent of the datacenter, and tells the port who it is', async () => {
    const client = lanWith(authority.issue(agentUri('dc1', 'n1')));
    expect(await client.signLeaf({ token, csrPem: 'csr' })).toEqual({
      chainPem: 'chain',
      createIndex: 1,
      rootId: 'r1',
    });
    expect(await client.heartbeat(beat)).toMatchObject({ serverMs: 42 });
    const { certificatePem } = await client.renewAgent({ csrPem: 'csr' });
    expect(JSON.parse(certificatePem)).toEqual({
      kind: 'agent',
      trustDomain: TRUST_DOMAIN,
      datacenter: 'dc1',
      node: 'n1',
    });
    expect(client.state).toBe('ready');
  });

  it('says when to come back instead of signing', async () => {
    const client = lanWith(authority.issue(agentUri('dc1', 'n1')));
    const reply = await client.signLeaf({ token: new SecretText('limited'), csrPem: 'csr' });
    expect(reply).toEqual({ chainPem: '', createIndex: 0, rootId: '', retryAfterMs: 1500 });
  });

  it('serves a sibling server, but not as an agent', async () => {
    const client = lanWith(authority.issue(serverUri('dc1')));
    const reply = await client.forward({
      method: 'PUT',
      path: '/v1/x?a=b',
      headers: { a: 'b' },
      body: Buffer.from([0, 255]),
    });
    expect(reply).toMatchObject({ status: 200, headers: { 'x-peer': 'server' } });
    expect([...reply.body]).toEqual([0, 255]);
    expect(await refusal(client.renewAgent({ csrPem: 'csr' }))).toMatchObject({ code: 'PEER_NOT_ALLOWED' });
  });

  it('lets an agent speak for its own node only', async () => {
    const client = lanWith(authority.issue(agentUri('dc1', 'n2')));
    expect(await refusal(client.heartbeat(beat))).toMatchObject({
      code: 'PEER_NOT_ALLOWED',
      message: expect.stringContaining('own node') as unknown,
    });
  });

  it('refuses every method but Bootstrap without a certificate', async () => {
    const stranger = raw(server.lanAddress);
    for (const name of ['SignLeaf', 'RenewAgent', 'Forward', 'ResolveToken', 'Heartbeat']) {
      expect(await refusal(call(stranger, 'banyan.lan.v1.Lan', name))).toMatchObject({ code: 'PEER_UNAUTHENTICATED' });
    }
    expect(await call(stranger, 'banyan.bootstrap.v1.Bootstrap', 'Roots')).toMatchObject({ datacenter: 'dc1' });
  });

  it.each([
    ['of another CA', () => foreign.issue(agentUri('dc1', 'n1')), 'PEER_UNAUTHENTICATED'],
    ['that has expired', () => authority.issue(agentUri('dc1', 'n1'), { days: -1 }), 'PEER_UNAUTHENTICATED'],
    ['with two URIs', () => authority.issue([agentUri('dc1', 'n1'), serverUri('dc1')]), 'PEER_UNAUTHENTICATED'],
    ['of no SPIFFE kind', () => authority.issue('https://example.test/agent'), 'PEER_UNAUTHENTICATED'],
    ['of another datacenter', () => authority.issue(agentUri('dc2', 'n1')), 'PEER_NOT_ALLOWED'],
    ['of a service', () => authority.issue(`spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/web`), 'PEER_NOT_ALLOWED'],
    ['of a server elsewhere', () => authority.issue(serverUri('dc2')), 'PEER_NOT_ALLOWED'],
  ])('refuses a certificate %s', async (_name, material, code) => {
    const before = server.lan.signed;
    const error = await refusal(call(raw(server.lanAddress, material()), 'banyan.lan.v1.Lan', 'Heartbeat', beat));
    expect([error, error]).toEqual([anyError, expect.objectContaining({ code })]);
    expect(server.lan.signed).toBe(before);
  });

  it('refuses a certificate that expires while its connection stands', async () => {
    const client = raw(server.lanAddress, authority.issue(agentUri('dc1', 'n1')));
    expect(await call(client, 'banyan.lan.v1.Lan', 'Heartbeat', beat)).toMatchObject({ serverMs: 42 });
    server.clock.offsetMs = 3 * 24 * 3_600_000;
    const late = refusal(call(client, 'banyan.lan.v1.Lan', 'Heartbeat', beat));
    expect(await late).toMatchObject({
      code: 'PEER_UNAUTHENTICATED',
      message: expect.stringContaining('expired') as unknown,
    });
    server.clock.offsetMs = 0;
  });

  it('refuses plaintext', async () => {
    const plain = raw(server.lanAddress, undefined, ChannelCredentials.createInsecure());
    expect(await refusal(call(plain, 'banyan.bootstrap.v1.Bootstrap', 'Roots'))).toMatchObject({
      code: 'SERVER_UNREACHABLE',
    });
  });
});

describe('the WAN edge', () => {
  it('serves servers of any datacenter of the trust domain, for their own datacenter', async () => {
    const client = wanWith(authority.issue(serverUri('dc2')));
    const request = { token, datacenter: 'dc2', csrPem: 'csr', wanAddress: '' };
    expect(await client.signIntermediate(request)).toMatchObject({ certificatePem: 'for dc2', rootId: 'r2' });
    expect(await client.report({ datacenter: 'dc2', json: '{"ok":true}' })).toEqual({ roundTripMs: 0 });
    expect(server.wan.reports).toEqual(['{"ok":true}']);
    expect(await client.forward({ method: 'GET', path: '/v1/x', headers: {}, body: Buffer.alloc(0) })).toMatchObject({
      status: 204,
    });
    for (const other of [
      client.signIntermediate({ ...request, datacenter: 'dc3' }),
      client.report({ datacenter: 'dc3', json: '' }),
      client.follow({ token, datacenter: 'dc3', epoch: '', index: 0 }).next(),
    ]) {
      expect(await refusal(other)).toMatchObject({ code: 'PEER_NOT_ALLOWED' });
    }
  });

  it.each([
    ['an agent', () => authority.issue(agentUri('dc1', 'n1')), 'PEER_NOT_ALLOWED'],
    [
      'a server of another trust domain',
      () => authority.issue(serverUri('dc1', '9'.repeat(8) + TRUST_DOMAIN.slice(8))),
      'PEER_NOT_ALLOWED',
    ],
    ['a server of another CA', () => foreign.issue(serverUri('dc2')), 'PEER_UNAUTHENTICATED'],
  ])('refuses %s', async (_name, material, code) => {
    const client = raw(server.wanAddress, material());
    expect(await refusal(call(client, 'banyan.wan.v1.Wan', 'Report', { datacenter: 'dc1' }))).toMatchObject({ code });
  });

  it('does not serve the other edge, nor the other edge its methods', async () => {
    const sibling = authority.issue(serverUri('dc1'));
    const onWan = raw(server.wanAddress, sibling);
    const onLan = raw(server.lanAddress, sibling);
    for (const [client, service, name] of [
      [onWan, 'banyan.lan.v1.Lan', 'ResolveToken'],
      [onWan, 'banyan.bootstrap.v1.Bootstrap', 'EnrolAgent'],
      [onLan, 'banyan.wan.v1.Wan', 'Report'],
      [onLan, 'banyan.bootstrap.v1.Bootstrap', 'SignIntermediate'],
    ] as const) {
      expect(await refusal(call(client, service, name))).toMatchObject({ code: 'METHOD_NOT_ALLOWED' });
    }
    expect(server.bootstrap.tokensSeen).toEqual([]);
  });
});

describe('a client', () => {
  it.each([
    [
      'a server of another datacenter',
      () => lanWith(authority.issue(agentUri('dc1', 'n1')), 'dc9'),
      'PEER_NOT_ALLOWED',
    ],
    [
      'a server of another CA',
      () => lanWith(authority.issue(agentUri('dc1', 'n1'), { bundlePem: foreign.rootPem })),
      'PEER_UNAUTHENTICATED',
    ],
  ])('refuses %s, before it sends anything', async (_name, client, code) => {
    const before = server.lan.signed;
    expect(await refusal(client().signLeaf({ token, csrPem: 'csr' }))).toMatchObject({ code });
    expect(server.lan.signed).toBe(before);
  });

  it('gets a server error with its code, message and fields, and never sees a defect', async () => {
    const client = lanWith(authority.issue(agentUri('dc1', 'n1')));
    server.lan.failure = new BanyanError('CSR_RATE_LIMITED', 'später: 100 %', { fields: { retryAfterMs: 700 } });
    const limited = await refusal(client.signLeaf({ token, csrPem: 'csr' }));
    expect(limited).toBeInstanceOf(BanyanError);
    expect(limited).toMatchObject({
      code: 'CSR_RATE_LIMITED',
      message: 'später: 100 %',
      fields: { retryAfterMs: 700 },
    });
    server.lan.failure = new TypeError('inner secret');
    const defect = await refusal(client.signLeaf({ token, csrPem: 'csr' }));
    expect(defect).toMatchObject({ code: 'INTERNAL', message: expect.not.stringContaining('inner') as unknown });
    expect(server.log.lines.join()).toContain('inner secret');
    server.lan.failure = undefined;
  });

  it('is told which field is out of bounds, without its value', async () => {
    const client = lanWith(authority.issue(agentUri('dc1', 'n1')));
    const big = await refusal(client.signLeaf({ token: new SecretText('t'.repeat(600)), csrPem: 'c'.repeat(70_000) }));
    expect(big).toMatchObject({ code: 'REQUEST_INVALID', message: 'fields out of their bounds: token, csrPem' });
    const path = client.forward({ method: 'GET', path: '/other', headers: {}, body: Buffer.alloc(0) });
    expect(await refusal(path)).toMatchObject({ code: 'REQUEST_INVALID', message: 'fields out of their bounds: path' });
    const huge = client.forward({ method: 'PUT', path: '/v1/x', headers: {}, body: Buffer.alloc(9 * 1024 * 1024) });
    expect(await refusal(huge)).toMatchObject({ code: 'REQUEST_TOO_LARGE' });
  });
});

describe('an edge', () => {
  it('is never made without TLS material', () => {
    const options = {
      edge: 'lan',
      url: '127.0.0.1:1',
      identity: undefined as never,
      rule: lanPeers(() => undefined),
      clock,
    } as const;
    expect(() => rpcEdge(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }));
  });

  it('listens before it has an identity, fails every handshake, and serves once it is set', async () => {
    const identity = new RotatingIdentity();
    const early = await TestServer.start(identity);
    const client = new LanClient({
      addresses: [early.lanAddress],
      identity: new RotatingIdentity(authority.issue(agentUri('dc1', 'n1'))),
      datacenter: 'dc1',
      clock,
    });
    try {
      const [host, port] = early.lanAddress.split(':');
      const closed = new Promise<boolean>((resolve) => {
        const socket = connect(Number(port), host, () => socket.write('anything'));
        socket.on('error', () => undefined).on('close', () => resolve(true));
      });
      expect(await closed).toBe(true);
      expect(await refusal(client.heartbeat(beat))).toMatchObject({ code: 'SERVER_UNREACHABLE' });
      identity.rotate(authority.issue(serverUri('dc1')));
      let answered: unknown;
      while (answered === undefined) {
        answered = await client.heartbeat(beat).catch(() => undefined);
        await pause();
      }
      expect(answered).toMatchObject({ serverMs: 42 });
    } finally {
      client.close();
      await early.stop();
    }
  });

  it('answers other gRPC clients with a status they know', async () => {
    const stranger = raw(server.lanAddress);
    const error: unknown = await invoke(
      { service: 'banyan.lan.v1.Lan', name: 'Heartbeat', reply: HeartbeatReply, repeatable: false },
      beat,
      { client: stranger, deadline: clock.now() + 5_000, signal: undefined },
    ).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED });
  });
});
