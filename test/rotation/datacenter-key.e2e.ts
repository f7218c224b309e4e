import { afterAll, describe, expect } from '@jest/globals';
import { parseCertificates } from '@banyan/pki';
import { eventually } from '../e2e/harness/eventually.js';
import { knock } from '../e2e/harness/knock.js';
import type { Mesh } from '../e2e/harness/mesh.js';
import type { LeafAnswer, MeshService } from '../e2e/harness/mesh-service.js';
import { meshSuite } from '../e2e/harness/mesh-suite.js';
import { onlyRoots, passesOn, type RotationCast, startRotationCast } from '../e2e/harness/rotation-cast.js';
import { type RotationAnswer, wayOf } from '../e2e/harness/rotations.js';

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
    const former = await issuerOf(cast.api);
    expect(await knock(mesh, cast.web, stolen)).toMatch(/^HTTP\/1\.1 200/);
    const body = { Datacenter: 'dc2', Reason: 'its disk was copied', Deadline: DEADLINE };
    const begun = await start(mesh, '/v1/connect/ca/taint', body);
    expect(begun).toMatchObject({ Reason: 'compromise', Scope: { Datacenter: 'dc2' }, LeavingKey: { KeyID: former } });
    const done = await cast.rotations.reaches(begun.ID, 'completed', FOLLOW_LIMIT_MS);
    expect(wayOf(done)).toEqual(ONLY_PHASES);
    for (const { name } of mesh.datacenters) {
      await eventually(`the key is denied in ${name}`, { limitMs: 15_000 }, async () => {
        const roots = (await mesh[name].roots()) as { DeniedKeys?: readonly { KeySHA256: string }[] };
        expect(roots.DeniedKeys).toMatchObject([{ KeySHA256: begun.LeavingKey.KeySHA256 }]);
      });
    }
    await eventually('the sidecar of web refuses what the former key signed', { limitMs: 15_000 }, async () => {
      expect(await knock(mesh, cast.web, stolen)).not.toMatch(/^HTTP\/1\.1 200/);
    });
    expect(await knock(mesh, cast.web, await cast.api.leaf())).toMatch(/^HTTP\/1\.1 200/);
    await passesOn(cast, 'without the compromised key');
    await cast.load.stop();
    console.info(cast.load.summary);
    expect(cast.load.failures).toEqual([]);
  });
});
