import { createHash } from 'node:crypto';
import { SecretText, SystemClock } from '@banyan/kernel';
import { freePort } from '@banyan/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { methodOf } from '../src/adapters/wire/proto.js';
import { FirstContact, type FirstContactOptions, RotatingIdentity, WanClient } from '../src/index.js';
import { agentUri, serverUri, signingRequest, TestAuthority, TRUST_DOMAIN } from './support/test-authority.js';
import { TestServer } from './support/test-server.js';

const clock = new SystemClock();
const token = new SecretText('join-token-0123456789');

const fingerprint = (pem: string): string =>
  createHash('sha256')
    .update(Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64'))
    .digest('hex');

let authority: TestAuthority;
let foreign: TestAuthority;
let server: TestServer;

const contact = (options: Partial<FirstContactOptions> = {}): Promise<FirstContact> =>
  FirstContact.open({
    address: server.lanAddress,
    datacenter: 'dc1',
    anchor: { pin: fingerprint(authority.rootPem) },
    clock,
    ...options,
  });

beforeAll(async () => {
  authority = TestAuthority.create('root one');
  foreign = TestAuthority.create('root of a stranger');
  server = await TestServer.start(new RotatingIdentity(authority.issue(serverUri('dc1'))));
});
beforeEach(() => {
  server.bootstrap.rootPems = [foreign.rootPem, authority.rootPem];
  server.bootstrap.trustDomain = TRUST_DOMAIN;
  server.bootstrap.datacenter = 'dc1';
  server.bootstrap.tokensSeen = [];
  server.identity.rotate(authority.issue(serverUri('dc1')));
});
afterAll(() => server.stop());

describe('first contact', () => {
  it.each(['pin', 'caPem'] as const)('enrols over a channel verified by %s', async (by) => {
    const anchor = by === 'pin' ? { pin: fingerprint(authority.rootPem).toUpperCase() } : { caPem: authority.rootPem };
    const first = await contact({ anchor });
    expect(first.roots).toMatchObject({ trustDomain: TRUST_DOMAIN, datacenter: 'dc1' });
    expect(await first.enrolAgent({ token, node: 'n1', csrPem: 'csr' })).toMatchObject({ certificatePem: 'for n1' });
    expect(server.bootstrap.tokensSeen).toEqual([token.reveal()]);
    first.close();
  });

  it('asks a WAN server for an intermediate', async () => {
    const first = await contact({ address: server.wanAddress });
    const reply = await first.signIntermediate({ token, datacenter: 'dc2', csrPem: 'csr', wanAddress: '' });
    expect(reply).toMatchObject({ certificatePem: 'for dc2', rootId: 'r1' });
    first.close();
  });

  it.each<[string, () => Partial<FirstContactOptions>, string]>([
    ['a pin that no root has', () => ({ anchor: { pin: 'ab'.repeat(32) } }), 'PIN_MISMATCH'],
    ['a pin that is none', () => ({ anchor: { pin: 'abc' } }), 'CONFIG_INVALID'],
    // The server shows the pinned root, but its own certificate is under another one.
    [
      'a root the server has no certificate of',
      () => ({ anchor: { pin: fingerprint(foreign.rootPem) } }),
      'PEER_UNAUTHENTICATED',
    ],
    ['another CA file', () => ({ anchor: { caPem: foreign.rootPem } }), 'PEER_UNAUTHENTICATED'],
    ['a CA file that is none', () => ({ anchor: { caPem: 'text' } }), 'PEM_INVALID'],
    ['another datacenter', () => ({ datacenter: 'dc2' }), 'PEER_NOT_ALLOWED'],
  ])('sends no token with %s', async (_name, options, code) => {
    await expect(contact(options())).rejects.toMatchObject({ code });
    expect(server.bootstrap.tokensSeen).toEqual([]);
  });

  it.each<[string, () => void, string]>([
    ['is an agent', () => server.identity.rotate(authority.issue(agentUri('dc1', 'n1'))), 'PEER_NOT_ALLOWED'],
    [
      'is a service',
      () => server.identity.rotate(authority.issue(`spiffe://${TRUST_DOMAIN}/ns/default/dc/dc1/svc/web`)),
      'PEER_NOT_ALLOWED',
    ],
    [
      'has expired',
      () => server.identity.rotate(authority.issue(serverUri('dc1'), { days: -1 })),
      'PEER_UNAUTHENTICATED',
    ],
    [
      'speaks of another trust domain',
      () => (server.bootstrap.trustDomain = '99999999-2222-3333-4444-555555555555.consul'),
      'TRUST_DOMAIN_MISMATCH',
    ],
    ['speaks of another datacenter', () => (server.bootstrap.datacenter = 'dc3'), 'PEER_NOT_ALLOWED'],
  ])('sends no token to a server that %s', async (_name, arrange, code) => {
    arrange();
    await expect(contact()).rejects.toMatchObject({ code });
    expect(server.bootstrap.tokensSeen).toEqual([]);
  });

  it('names a server that does not answer, with the code of its edge', async () => {
    const address = `127.0.0.1:${await freePort()}`;
    await expect(contact({ address })).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    await expect(contact({ address, unreachable: 'DATACENTER_UNREACHABLE' })).rejects.toMatchObject({
      code: 'DATACENTER_UNREACHABLE',
    });
  });
});

describe('what travels when an intermediate is signed', () => {
  it('is the request and nothing of the key', async () => {
    const seen: Buffer[] = [];
    const method = methodOf('banyan.wan.v1.Wan', 'SignIntermediate');
    const recorder = new Server();
    const record = { ...method, requestDeserialize: (bytes: Buffer): object => ({ bytes }) };
    recorder.addService(
      { SignIntermediate: record },
      {
        SignIntermediate: (call: { request: { bytes: Buffer } }, done: (error: null, reply: object) => void) => {
          seen.push(call.request.bytes);
          done(null, { certificatePem: 'c', rootId: 'r', bundleJson: '{}' });
        },
      },
    );
    const own = authority.issue(serverUri('dc1'));
    const pair = { cert_chain: Buffer.from(own.certChainPem), private_key: Buffer.from(own.keyPem.reveal()) };
    const port = await new Promise<number>((resolve, reject) => {
      const credentials = ServerCredentials.createSsl(Buffer.from(authority.rootPem), [pair], true);
      recorder.bindAsync('127.0.0.1:0', credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const identity = new RotatingIdentity(authority.issue(serverUri('dc2')));
    const client = new WanClient({ addresses: [`127.0.0.1:${port}`], identity, datacenter: 'dc1', clock });
    try {
      const { csrPem, keyPem } = signingRequest(`spiffe://${TRUST_DOMAIN}`);
      await client.signIntermediate({ token, datacenter: 'dc2', csrPem, wanAddress: 'h:1' });
      expect(seen).toHaveLength(1);
      const message = seen[0] ?? Buffer.alloc(0);
      // Field by field, so that nothing else can hide in the bytes: tag, length, text, in the order of the .proto file.
      const fields = [token.reveal(), 'dc2', csrPem, 'h:1'].map((text, at) => {
        const bytes = Buffer.from(text);
        const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
        return Buffer.concat([Buffer.from([((at + 1) << 3) | 2, ...length]), bytes]);
      });
      expect(message.toString('hex')).toBe(Buffer.concat(fields).toString('hex'));
      const keyBody = keyPem.split('\n').slice(1, -2);
      expect(keyBody.length).toBeGreaterThan(1);
      for (const line of keyBody) expect(message.includes(line)).toBe(false);
    } finally {
      client.close();
      recorder.forceShutdown();
    }
  });
});
