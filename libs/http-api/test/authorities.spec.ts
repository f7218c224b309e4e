import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SystemClock, SystemRandom } from '@banyan/kernel';
import {
  createCsr,
  exportPrivateKeyPem,
  generateKeyPair,
  issue,
  LocalSigner,
  parseCsr,
  prepareLeaf,
} from '@banyan/pki';
import { forgeChain, type RawHttpAnswer } from '@banyan/testkit';
import { type Api, SECRETS, startApi } from './api-fixture.js';
import { EventReader } from './event-reader.js';

const TREE = '/v1/connect/ca/authorities';
const INSPECT = '/v1/connect/ca/inspect';
const OTHER_MESH = '00000000-0000-4000-8000-000000000001.consul';

let api: Api;
beforeEach(async () => {
  api = await startApi();
});
afterEach(async () => {
  await api.stop();
});

interface Inspected {
  readonly Certificates: Record<string, unknown>[];
  readonly Trusted: boolean;
  readonly Reason: string;
  readonly Path: string[];
}

const inspect = async (pem: string): Promise<Inspected> =>
  JSON.parse((await api.ask('POST', INSPECT, 'reader', { PEM: pem })).body) as Inspected;

const refused = ({ status, headers }: RawHttpAnswer) => [status, headers['x-banyan-error']];

const chainPem = (chain: ReturnType<typeof forgeChain>): string =>
  [chain.leaf, chain.intermediate, chain.root].map(({ certificate }) => certificate.pem).join('');

/** A leaf of web, signed as the datacenter signs. */
const leafPem = async (): Promise<string> => {
  const { certificate: issuer, keyPair: signer } = api.ca.state.active!;
  const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
  const uri = `spiffe://${api.ca.state.trustDomain!.name}/ns/default/dc/dc1/svc/web`;
  const prepared = prepareLeaf({
    request: parseCsr(createCsr({ keyPair, uri })),
    issuer,
    lifetimeMs: 600_000,
    now: new SystemClock().now(),
    random: new SystemRandom(),
  });
  return (await issue(prepared, new LocalSigner(signer.privateKey))).pem;
};

describe('GET /v1/connect/ca/authorities', () => {
  it('shows the tree of trust: roots, the intermediate of each datacenter, the leaves under each', async () => {
    const { Roots, Datacenters } = JSON.parse((await api.ask('GET', TREE, 'reader')).body) as {
      Roots: Record<string, unknown>[];
      Datacenters: Record<string, unknown>[];
    };
    const { certificate } = api.ca.state.roots[0]!;
    expect(Roots).toEqual([
      {
        ID: certificate.fingerprintSha1,
        Name: 'Consul CA Primary Cert',
        State: 'active',
        Tainted: false,
        Provider: 'consul',
        Fingerprint: certificate.fingerprintSha256,
        KeyType: 'ec',
        KeyBits: 256,
        SerialNumber: certificate.serialHex,
        NotBefore: new Date(certificate.notBefore).toISOString(),
        NotAfter: new Date(certificate.notAfter).toISOString(),
        LifeUsed: expect.any(Number),
        PEM: certificate.pem,
        CrossSignedPEM: [],
      },
    ]);
    expect(Datacenters[0]).toMatchObject({
      Datacenter: 'dc2',
      SigningRootID: 'aa:bb',
      Intermediate: { SerialNumber: '40:01', KeyID: 'cc:dd', PEM: expect.stringContaining('BEGIN CERTIFICATE') },
      ChainBytes: 700,
      Leaves: { 'aa:bb': 9 },
    });
    expect(Datacenters[1]).toEqual({
      Datacenter: 'dc3',
      SigningRootID: '',
      Intermediate: null,
      ChainBytes: null,
      Leaves: {},
    });
  });

  it('is told as events, and to operators only', async () => {
    const reader = await EventReader.open(api.port, '/v1/operator/events?topics=authorities', SECRETS.reader);
    expect((await reader.next())?.data).toMatchObject({ Roots: [{ State: 'active' }] });
    reader.leave();
    expect(refused(await api.ask('GET', TREE, 'web'))).toEqual([403, 'PERMISSION_DENIED']);
    expect(refused(await api.ask('POST', INSPECT, 'web', { PEM: 'x' }))).toEqual([403, 'PERMISSION_DENIED']);
  });
});

describe('POST /v1/connect/ca/inspect', () => {
  it('reads a chain, and trusts a leaf that leads to the bundle', async () => {
    const { active, roots, trustDomain } = api.ca.state;
    const found = await inspect((await leafPem()) + active!.certificate.pem);
    expect([found.Trusted, found.Reason]).toEqual([true, '']);
    expect(found.Path).toHaveLength(3);
    expect(found.Path[2]).toBe(roots[0]!.certificate.fingerprintSha256);
    expect(found.Certificates[0]).toMatchObject({
      Subject: '',
      URIs: [`spiffe://${trustDomain!.name}/ns/default/dc/dc1/svc/web`],
      KeyType: 'ec',
      KeyBits: 256,
      SignatureAlgorithm: 'ecdsa-sha256',
      AuthorityKeyID: active!.certificate.subjectKeyId,
      IsCA: false,
      PathLength: null,
      ExtendedKeyUsage: expect.arrayContaining(['clientAuth', 'serverAuth']),
    });
    expect(found.Certificates[1]).toMatchObject({
      Subject: 'CN=sec-test.dc1.ca.6f1d0c52.consul',
      Issuer: 'CN=pri-test.consul.ca.6f1d0c52.consul',
      SelfSigned: false,
      IsCA: true,
      PathLength: 0,
    });
  });

  it('trusts an intermediate and a root of the bundle by themselves', async () => {
    const { active, roots } = api.ca.state;
    expect((await inspect(active!.certificate.pem)).Trusted).toBe(true);
    const root = await inspect(roots[0]!.certificate.pem);
    expect([root.Trusted, root.Certificates[0]!['SelfSigned']]).toEqual([true, true]);
  });

  it('says by code why a chain is not trusted', async () => {
    const now = new SystemClock().now();
    const name = api.ca.state.trustDomain!.name;
    const stranger = await inspect(chainPem(forgeChain({ trustDomain: OTHER_MESH, now })));
    expect([stranger.Trusted, stranger.Reason, stranger.Path]).toEqual([false, 'CHAIN_TRUST_DOMAIN_FOREIGN', []]);
    const imposter = await inspect(chainPem(forgeChain({ trustDomain: name, now })));
    expect([imposter.Trusted, imposter.Reason]).toEqual([false, 'CHAIN_ISSUER_UNKNOWN']);
    expect((await inspect(await leafPem())).Reason).toBe('CHAIN_ISSUER_UNKNOWN');
  });

  it('refuses what is no certificate, quotes none of it, and reads at most 64 KiB', async () => {
    const key = exportPrivateKeyPem(api.ca.state.active!.keyPair.privateKey);
    for (const pem of [
      'no PEM at all, but a text that is longer than sixty characters',
      key,
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    ]) {
      const answer = await api.ask('POST', INSPECT, 'reader', { PEM: pem });
      expect([pem.slice(0, 16), answer.status]).toEqual([pem.slice(0, 16), 400]);
      expect(answer.headers['x-banyan-error']).toMatch(/^(PEM|CERTIFICATE)_INVALID$/);
      expect(answer.body).not.toContain(pem.slice(28, 32));
    }
    expect(refused(await api.ask('POST', INSPECT, 'reader', { PEM: 'x'.repeat(64 * 1024 + 1) }))).toEqual([
      400,
      'REQUEST_INVALID',
    ]);
    expect(refused(await api.ask('POST', INSPECT, 'reader', {}))).toEqual([400, 'REQUEST_INVALID']);
  });
});
