import { epochMs, HOUR } from '@banyan/kernel';
import { exportPrivateKeyPem, generateKeyPair, importPrivateKeyPem } from '@banyan/pki';
import { FakeTime, type ForgedChange, forgeIdentity, withTestStore } from '@banyan/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CA_ENTITIES, HIDDEN, type RootRecord } from '../src/index.js';
import { type CaBench, openCaBench } from './ca-bench.js';
import { changeRoot } from './change-root.js';

const stores = withTestStore(CA_ENTITIES);

const refusal = (why: string) => ({ code: 'CA_CONFIG_INVALID', message: `error configuring provider: ${why}` });
const pem = ({ RootCert, PrivateKey }: { RootCert: string; PrivateKey: string }) => ({ RootCert, PrivateKey });

describe('a root of the operator’s own, on PostgreSQL', () => {
  const time = new FakeTime();
  let bench: CaBench;
  let generated: RootRecord;
  beforeAll(async () => {
    bench = await openCaBench(await stores.open(), time.clock);
    generated = bench.projection.wantedRoot!;
  });
  afterAll(() => bench.stop());
  beforeEach(() => expect(bench.projection.state.roots.filter((root) => root.state === 'active')).toHaveLength(1));

  /** A root and its key as an operator makes them, with one thing changed. */
  const ownRoot = (change: ForgedChange = {}) => {
    const identity = forgeIdentity({
      subject: 'own root',
      ca: true,
      uris: [`spiffe://${bench.projection.getTrustDomain().name}`],
      notBefore: epochMs(time.now - HOUR),
      notAfter: epochMs(time.now + 1_000 * HOUR),
      ...change,
    });
    return {
      RootCert: identity.certificate.pem,
      PrivateKey: exportPrivateKeyPem(identity.privateKey),
      identity,
    };
  };
  const configure = (options: Record<string, unknown>) =>
    changeRoot(bench, { provider: 'consul', options, forceWithoutCrossSigning: false });

  it.each<[string, () => Record<string, unknown>, RegExp]>([
    [
      'whose key is of another root',
      () => ({ ...pem(ownRoot()), PrivateKey: ownRoot().PrivateKey }),
      /^error configuring provider: PrivateKey does not belong to RootCert$/,
    ],
    [
      'of a foreign trust domain',
      () => pem(ownRoot({ uris: ['spiffe://11111111-2222-3333-4444-555555555555.consul'] })),
      /RootCert is refused: .*trust domain/,
    ],
    [
      'without a trust domain',
      () => pem(ownRoot({ uris: [] })),
      /RootCert must carry the one URI SAN spiffe:|RootCert is refused/,
    ],
    [
      'that has expired',
      () => pem(ownRoot({ notBefore: epochMs(time.now - 9 * HOUR), notAfter: epochMs(time.now - HOUR) })),
      /RootCert is refused: .*(expired|past its end|ended)/i,
    ],
    [
      'that ends before three lives of a leaf',
      () => pem(ownRoot({ notAfter: epochMs(time.now + 215 * HOUR) })),
      /RootCert ends at .* before three lives of a leaf have passed/,
    ],
    ['that is not valid yet', () => pem(ownRoot({ notBefore: epochMs(time.now + HOUR) })), /RootCert is refused: /],
    ['that allows no intermediate', () => pem(ownRoot({ pathLength: 0 })), /path length 0 does not/],
    ['that is no CA', () => pem(ownRoot({ ca: false })), /RootCert is refused: /],
    ['that another CA signed', () => signedByAnother(), /RootCert is not self-signed/],
  ])('is refused when it is one %s', async (_, options, text) => {
    await expect(configure(options())).rejects.toMatchObject({
      name: 'BanyanError',
      code: 'CA_CONFIG_INVALID',
      message: expect.stringMatching(text),
    });
    expect(bench.projection.wantedRoot).toBe(generated);
  });
  const signedByAnother = () => {
    const issuer = ownRoot().identity;
    const { certificate, privateKey } = forgeIdentity(
      {
        subject: 'own root below another',
        ca: true,
        uris: [`spiffe://${bench.projection.getTrustDomain().name}`],
        notBefore: epochMs(time.now - HOUR),
        notAfter: epochMs(time.now + HOUR),
      },
      issuer,
    );
    return { RootCert: certificate.pem, PrivateKey: exportPrivateKeyPem(privateKey) };
  };

  it('is refused as text that is no certificate or no key, and nothing is stored', async () => {
    await expect(configure({ RootCert: 'no PEM', PrivateKey: 'no PEM' })).rejects.toMatchObject({
      code: 'CA_CONFIG_INVALID',
      message: expect.stringContaining('RootCert cannot be used: '),
    });
    await expect(configure({ ...pem(ownRoot()), PrivateKey: 'secret words' })).rejects.toMatchObject({
      code: 'CA_CONFIG_INVALID',
      message: expect.not.stringContaining('secret words'),
    });
    await expect(configure({ ...pem(ownRoot()), PrivateKey: HIDDEN })).rejects.toMatchObject(
      refusal('PrivateKey is hidden and none is stored: give the value itself'),
    );
    expect(bench.projection.getConfiguration().parsed.options).not.toHaveProperty('RootCert');
  });

  it('takes over by a rotation, with the key hidden; reading the configuration and writing it back changes nothing', async () => {
    const own = ownRoot();
    const outcome = await configure(pem(own));
    expect(outcome).toEqual({
      kind: 'rotated',
      rootId: own.identity.certificate.fingerprintSha1,
    });
    const root = bench.projection.wantedRoot!;
    expect(root.certificate.pem).toBe(own.identity.certificate.pem);
    expect(root.crossSigned?.publicKey.equals(own.identity.publicKey)).toBe(true);
    const { options } = bench.projection.getConfiguration().parsed;
    expect(options).toEqual({ RootCert: own.RootCert, PrivateKey: HIDDEN });
    const rows = await bench.store.dataSource.query('SELECT * FROM ca_configuration, root_authority');
    expect(JSON.stringify(rows)).not.toContain('PRIVATE KEY');
    await bench.reconcile();
    expect(bench.projection.getActive().rootId).toBe(root.id);

    expect(await configure({ ...options })).toEqual({ kind: 'unchanged' });
    expect(await configure({ ...options, LeafCertTTL: '24h' })).toEqual({ kind: 'stored' });
    expect(bench.projection.state.roots).toHaveLength(2);
    expect(await configure({ ...pem(own), LeafCertTTL: '48h' })).toEqual({ kind: 'stored' });
    await expect(configure({ ...pem(own), PrivateKey: ownRoot().PrivateKey })).rejects.toMatchObject(
      refusal('PrivateKey does not belong to RootCert'),
    );
  });

  it('leaves again for a generated root, and may come back as the next generation', async () => {
    const own = ownRoot({ subject: 'another own root' });
    await configure(pem(own));
    await expect(configure(pem(ownRoot()))).rejects.toMatchObject({
      code: 'CA_CONFIG_INVALID',
      message: expect.stringContaining('give it a name of its own'),
    });
    const back = await configure({});
    expect(back.kind).toBe('rotated');
    await configure(pem(own));
    const { roots } = bench.projection.state;
    expect(roots.map((root) => root.generation)).toEqual([1, 2, 4, 5]);
    expect(roots.at(-1)!.id).toBe(own.identity.certificate.fingerprintSha1);
    expect(roots.at(-1)!.state).toBe('active');
    expect(roots.at(-1)!.rotatedOutAt).toBeUndefined();
  });

  it('signs intermediates with an RSA root key, too', async () => {
    const rsa = await generateKeyPair({ type: 'rsa', bits: 2048 });
    const privateKey = importPrivateKeyPem(exportPrivateKeyPem(rsa.privateKey)).privateKey;
    const own = ownRoot({ subject: 'own rsa root', keyPair: { publicKey: rsa.publicKey, privateKey } });
    expect((await configure(pem(own))).kind).toBe('rotated');
    await bench.reconcile();
    expect(bench.projection.getActive().certificate.authorityKeyId).toBe(own.identity.certificate.subjectKeyId);
  });
});
