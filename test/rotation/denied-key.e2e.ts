import { afterAll, describe, expect } from '@jest/globals';
import { HOUR, SystemClock, SystemRandom } from '@banyan/kernel';
import {
  type Certificate,
  createCsr,
  exportPrivateKeyPem,
  generateKeyPair,
  issue,
  type KeyPair,
  LocalSigner,
  parseCsr,
  prepareIntermediate,
  prepareLeaf,
  prepareRoot,
} from '@banyan/pki';
import { eventually } from '../e2e/harness/eventually.js';
import { knock } from '../e2e/harness/knock.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import type { LeafAnswer } from '../e2e/harness/mesh-service.js';
import { onlyRoots, passesOn, type RotationCast, startRotationCast } from '../e2e/harness/rotation-cast.js';
import type { RotationAnswer } from '../e2e/harness/rotations.js';
import { queryStore } from '../e2e/harness/stored-roots.js';

const random = new SystemRandom();
const P256 = { type: 'ec', bits: 256 } as const;
/** Leaf, intermediate, and what the first root certified of the second one's key. */
const CROSSED_CHAIN = 3;

/** A root that an operator brings, and a thief has the key of. */
const makeRoot = async (trustDomain: string): Promise<{ readonly root: Certificate; readonly key: KeyPair }> => {
  const key = await generateKeyPair(P256);
  const about = { trustDomain, commonName: 'brought-root', lifetimeMs: 5_000 * HOUR, now: new SystemClock().now() };
  const prepared = prepareRoot({ ...about, publicKey: key.publicKey, random });
  return { root: await issue(prepared, new LocalSigner(key.privateKey)), key };
};

/** A leaf that no server signed, with a chain that leads to the honest root. */
const forge = async (
  { root, key }: Awaited<ReturnType<typeof makeRoot>>,
  o: { readonly trustDomain: string; readonly uri: string; readonly vouched: Certificate },
): Promise<LeafAnswer> => {
  const [signing, leafKey] = await Promise.all([generateKeyPair(P256), generateKeyPair(P256)]);
  const now = new SystemClock().now();
  const request = parseCsr(createCsr({ keyPair: signing, uri: `spiffe://${o.trustDomain}`, ca: true }));
  const profile = { trustDomain: o.trustDomain, lifetimeMs: HOUR, now, random };
  const intermediate = await issue(
    prepareIntermediate({ ...profile, request, issuer: root, commonName: 'forged-intermediate' }),
    new LocalSigner(key.privateKey),
  );
  const csr = parseCsr(createCsr({ keyPair: leafKey, uri: o.uri }));
  const leaf = await issue(
    prepareLeaf({ request: csr, issuer: intermediate, lifetimeMs: HOUR / 2, now, random }),
    new LocalSigner(signing.privateKey),
  );
  return {
    CertPEM: [leaf, intermediate, o.vouched].map(({ pem }) => pem).join(''),
    PrivateKeyPEM: exportPrivateKeyPem(leafKey.privateKey),
    ServiceURI: o.uri,
    SerialNumber: leaf.serialHex,
  };
};

describe('the key of a root that was rolled back is in wrong hands, and the root that vouched for it stays', () => {
  let cast: RotationCast;
  let first: string;
  let brought: Awaited<ReturnType<typeof makeRoot>>;
  let begun: RotationAnswer;
  let forged: LeafAnswer;
  const suite = meshSuite(async (mesh) => {
    cast = await startRotationCast(mesh);
    first = (await mesh.dc1.roots()).ActiveRootID;
  });
  afterAll(() => cast?.load.stop());

  suite.step('what is forged with it is believed while leaves move back', async (mesh) => {
    const { TrustDomain } = await mesh.dc1.roots();
    brought = await makeRoot(TrustDomain);
    const Config = { RootCert: brought.root.pem, PrivateKey: exportPrivateKeyPem(brought.key.privateKey) };
    begun = await cast.rotations.start({ Provider: 'consul', Config, VerifyWindow: '120s' });
    await cast.rotations.reaches(begun.ID, 'verify');
    const { CertPEM, ServiceURI: uri } = await cast.web.leaf();
    const chain = await cast.web.chain();
    expect(chain).toHaveLength(CROSSED_CHAIN);
    forged = await forge(brought, { trustDomain: TrustDomain, uri, vouched: chain.at(-1)! });
    expect(forged.CertPEM).not.toBe(CertPEM);
    expect(await knock(mesh, cast.api, forged)).toMatch(/^HTTP\/1\.1 200/);
    await cast.rotations.act(begun.ID, 'rollback', { Reason: 'second thoughts' });
  });

  suite.step('after the taint nobody believes it, in either datacenter, and nobody else notices', async (mesh) => {
    const RootID = brought.root.fingerprintSha1;
    await cast.rotations.taint({ RootID, Reason: 'key found on a laptop', Deadline: '60s' });
    await cast.rotations.reaches(begun.ID, 'rolled-back', 90_000);
    await onlyRoots(mesh, [first]);
    for (const { dataDir } of mesh.datacenters) {
      await eventually('the key is denied here', { limitMs: 10_000 }, async () => {
        const rows = await queryStore<{ key: string }>(dataDir, 'SELECT key_fingerprint_sha256 AS key FROM denied_key');
        expect(rows).toEqual([{ key: brought.root.keyFingerprint }]);
      });
    }
    await eventually('the sidecar knows', { limitMs: 10_000 }, async () => {
      expect(await knock(mesh, cast.api, forged)).toMatch(/closed without an answer|ECONNRESET/);
    });
    expect(cast.api.sidecar.log).toMatch(/its chain leads through a denied key/);
    expect(await knock(mesh, cast.api, await cast.web.leaf())).toMatch(/^HTTP\/1\.1 200/);
    await passesOn(cast, 'with a denied key');
    await cast.load.stop();
    expect(cast.load.failures).toEqual([]);
  });
});
