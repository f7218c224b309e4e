import { afterAll, describe, expect } from '@jest/globals';
import { HOUR, SystemClock, SystemRandom } from '@banyan/kernel';
import {
  Certificate,
  createCsr,
  exportPrivateKeyPem,
  generateKeyPair,
  importPrivateKeyPem,
  issue,
  type KeyPair,
  LocalSigner,
  parseCertificates,
  parseCsr,
  prepareLeaf,
} from '@banyan/pki';
import { KeyEncryption } from '@banyan/store';
import { eventually } from '../e2e/harness/eventually.js';
import { knock } from '../e2e/harness/knock.js';
import type { Mesh } from '../e2e/harness/mesh.js';
import type { LeafAnswer, MeshService } from '../e2e/harness/mesh-service.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { onlyRoots, passesOn, type RotationCast, startRotationCast } from '../e2e/harness/rotation-cast.js';
import { type RotationAnswer, wayOf } from '../e2e/harness/rotations.js';
import { queryStore } from '../e2e/harness/stored-roots.js';

/** What is read of a rotation of a key beside the rest. */
interface KeyRotation extends RotationAnswer {
  readonly Scope: { readonly Datacenter: string };
  readonly LeavingKey: { readonly KeyID: string; readonly KeySHA256: string };
}

const PATH = '/v1/connect/ca/rotations';
const ONLY_PHASES = ['prepare', 'activate', 'completed'];
const FOLLOW_LIMIT_MS = 30_000;
const DEADLINE = '60s';

/** The key that signed what the agent of the service holds. */
const issuerOf = async (service: Pick<MeshService, 'leaf'>): Promise<string> =>
  parseCertificates((await service.leaf()).CertPEM)[0]!.authorityKeyId!;

/** What a thief takes who copied the disk and the key-encryption key of dc2's server: the key that it signs with. */
const stealSigner = async (mesh: Mesh): Promise<{ readonly issuer: Certificate; readonly key: KeyPair }> => {
  const [row] = await queryStore<{ id: string; sealed: string; pem: string }>(
    mesh.dc2.dataDir,
    `SELECT id, sealed_key AS sealed, certificate_pem AS pem FROM signing_authority WHERE slot = 'active'`,
  );
  const keys = KeyEncryption.load({ file: mesh.secrets.keyEncryptionFile('dc2'), generate: false });
  const pem = keys.open(row!.sealed, `signing-authority:${row!.id}`).toString('utf8');
  return { issuer: Certificate.fromPem(row!.pem), key: importPrivateKeyPem(pem) };
};

/** A leaf that no server signed and no ledger knows, under the intermediate of dc2. */
const forge = async ({ issuer, key }: Awaited<ReturnType<typeof stealSigner>>, uri: string): Promise<LeafAnswer> => {
  const leafKey = await generateKeyPair({ type: 'ec', bits: 256 });
  const request = parseCsr(createCsr({ keyPair: leafKey, uri }));
  const profile = { lifetimeMs: HOUR, now: new SystemClock().now(), random: new SystemRandom() };
  const leaf = await issue(prepareLeaf({ request, issuer, ...profile }), new LocalSigner(key.privateKey));
  return {
    CertPEM: `${leaf.pem}${issuer.pem}`,
    PrivateKeyPEM: exportPrivateKeyPem(leafKey.privateKey),
    ServiceURI: uri,
    SerialNumber: leaf.serialHex,
  };
};

/** How often the sidecar of the service refused a chain because of a denied key. */
const refusalsOf = ({ sidecar }: MeshService): number => sidecar.log.split('"code":"CHAIN_KEY_DENIED"').length - 1;

/** Why the certificates were signed that dc2 has recorded of its service `api`, the latest first. */
const reasonsFor = (mesh: Mesh) =>
  queryStore<{ reason: string }>(
    mesh.dc2.dataDir,
    `SELECT reason FROM issuance WHERE kind = 'service' AND uri LIKE '%/svc/api' ORDER BY seq DESC`,
  );

/** Plans and starts; plans again when the world changed in between. */
const start = (mesh: Mesh, path: string, body: object): Promise<KeyRotation> =>
  eventually('the rotation starts as planned', { limitMs: 15_000, everyMs: 200 }, async () => {
    const request = { method: 'POST', path } as const;
    const { PlanHash } = await mesh.dc1.askServer<{ PlanHash: string }>({
      ...request,
      body: { ...body, DryRun: true },
    });
    return mesh.dc1.askServer<KeyRotation>({ ...request, body: { ...body, PlanHash } });
  });

describe("the signing key of one datacenter's servers", () => {
  let cast: RotationCast;
  let root: string;
  let stolen: LeafAnswer;
  const suite = meshSuite(async (mesh) => {
    cast = await startRotationCast(mesh);
    root = (await mesh.dc1.roots()).ActiveRootID;
  });
  afterAll(() => cast?.load.stop());

  suite.step('a plan touches that datacenter alone', async (mesh) => {
    const body = { Scope: { Datacenter: 'dc2' }, DryRun: true };
    await eventually('dc2 says which key it signs with', { limitMs: FOLLOW_LIMIT_MS }, async () => {
      const { Plan } = await mesh.dc1.askServer<{ Plan: { Datacenters: object[]; LeavingKey: object } }>({
        method: 'POST',
        path: PATH,
        body,
      });
      const [keyId] = [await issuerOf(cast.api)];
      expect(Plan.Datacenters).toMatchObject([{ Datacenter: 'dc2', Workloads: 2 }]);
      expect(Plan.LeavingKey).toMatchObject({ Datacenter: 'dc2', KeyID: keyId });
    });
    expect(await cast.rotations.list()).toEqual([]);
  });

  suite.step('another key signs in dc2, every leaf there follows, and no handshake fails', async (mesh) => {
    const [web, former] = [await issuerOf(cast.web), await issuerOf(cast.api)];
    cast.load.enter('the key of dc2 is rotated');
    const { ID, LeavingKey } = await start(mesh, PATH, { Scope: { Datacenter: 'dc2' }, Reason: 'yearly' });
    expect(LeavingKey.KeyID).toBe(former);
    const done = await cast.rotations.reaches(ID, 'completed', FOLLOW_LIMIT_MS);
    expect(wayOf(done)).toEqual(ONLY_PHASES);
    const present = await issuerOf(cast.api);
    expect(present).not.toBe(former);
    expect(await issuerOf({ leaf: () => cast.spare.leaf('batch') })).toBe(present);
    // The other datacenter and the root are as they were, and a chain is not longer.
    expect(await issuerOf(cast.web)).toBe(web);
    await onlyRoots(mesh, [root]);
    expect(await cast.api.chain()).toHaveLength(2);
    await passesOn(cast, 'after the rotation of the key');
  });

  suite.step('the key of the primary itself goes the same way', async (mesh) => {
    const former = await issuerOf(cast.web);
    const { ID } = await start(mesh, PATH, { Scope: { Datacenter: 'dc1' } });
    expect(wayOf(await cast.rotations.reaches(ID, 'completed', FOLLOW_LIMIT_MS))).toEqual(ONLY_PHASES);
    expect(await issuerOf(cast.web)).not.toBe(former);
    await passesOn(cast, "after the rotation of the primary's key");
  });

  suite.step('a compromised key: leaves follow first, then nobody believes what it signed', async (mesh) => {
    stolen = await cast.api.leaf();
    const thief = await stealSigner(mesh);
    expect(await knock(mesh, cast.web, await forge(thief, stolen.ServiceURI))).toMatch(/^HTTP\/1\.1 200/);
    const former = await issuerOf(cast.api);
    expect(await knock(mesh, cast.web, stolen)).toMatch(/^HTTP\/1\.1 200/);
    const body = { Datacenter: 'dc2', Reason: 'its disk was copied', Deadline: DEADLINE };
    const begun = await start(mesh, '/v1/connect/ca/taint', body);
    expect(begun).toMatchObject({ Reason: 'compromise', Scope: { Datacenter: 'dc2' }, LeavingKey: { KeyID: former } });
    const done = await cast.rotations.reaches(begun.ID, 'completed', FOLLOW_LIMIT_MS);
    expect(wayOf(done)).toEqual(ONLY_PHASES);
    expect((await reasonsFor(mesh))[0]).toEqual({ reason: 'taint' });
    for (const { name } of mesh.datacenters) {
      await eventually(`the key is denied in ${name}`, { limitMs: 15_000 }, async () => {
        const roots = (await mesh[name].roots()) as { DeniedKeys?: readonly { KeySHA256: string }[] };
        expect(roots.DeniedKeys).toMatchObject([{ KeySHA256: begun.LeavingKey.KeySHA256 }]);
      });
    }
    await eventually('the sidecar of web refuses what the former key signed', { limitMs: 15_000 }, async () => {
      expect(await knock(mesh, cast.web, stolen)).not.toMatch(/^HTTP\/1\.1 200/);
    });
    // Made after the denial: no list of certificates could name it, the key does.
    const refusals = refusalsOf(cast.web);
    const forged = await forge(thief, stolen.ServiceURI);
    expect(await knock(mesh, cast.web, forged)).not.toMatch(/^HTTP\/1\.1 200/);
    await eventually('the refusal has its code', { limitMs: 5_000 }, () => {
      expect(refusalsOf(cast.web)).toBeGreaterThan(refusals);
    });
    expect(await knock(mesh, cast.web, await cast.api.leaf())).toMatch(/^HTTP\/1\.1 200/);
    await passesOn(cast, 'without the compromised key');
    await cast.load.stop();
    console.info(cast.load.summary);
    expect(cast.load.failures).toEqual([]);
  });
});
