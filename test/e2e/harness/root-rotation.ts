import { expect } from '@jest/globals';
import { epochMs } from '@banyan/kernel';
import { type Certificate, parseCertificates, verifyChain } from '@banyan/pki';
import type { Datacenter, RootsAnswer } from './datacenter.js';
import { eventually } from './eventually.js';
import type { Mesh } from './mesh.js';
import type { MeshService } from './mesh-service.js';
import { Rotations } from './rotations.js';

/** The key of the next root. */
export interface RootKey {
  readonly PrivateKeyType: 'ec' | 'rsa';
  readonly PrivateKeyBits: number;
}

const TTLS = { LeafCertTTL: '72h', IntermediateCertTTL: '8760h', RootCertTTL: '87600h' };

/** Asks `datacenter` to rotate to a root with such a key; resolves when it answers 200. */
export const rotate = async (datacenter: Datacenter, key: RootKey): Promise<void> => {
  const { status, text } = await datacenter.callServer({
    method: 'PUT',
    path: '/v1/connect/ca/configuration',
    body: { Provider: 'consul', Config: { ...TTLS, ...key } },
    limitMs: 30_000,
  });
  expect({ status, text }).toEqual({ status: 200, text: '' });
};

/** In these phases leaves move: another rotation is refused meanwhile. */
const MOVING = ['prepare', 'distribute', 'activate', 'rolling-back'];

/** Waits until no rotation moves leaves, so that the next one is not refused. */
export const nothingMoves = (mesh: Mesh, limitMs: number): Promise<void> =>
  eventually('no rotation moves leaves', { limitMs }, async () => {
    const moving = (await new Rotations(mesh.dc1).list()).filter(({ Phase }) => MOVING.includes(Phase));
    expect(moving.map(({ ID, Phase, Blockers }) => ({ ID, Phase, Blockers }))).toEqual([]);
  });

/** Waits until the one rotation that moves leaves is held in `activate` by `datacenter` and by nobody else. */
export const heldInActivateBy = (mesh: Mesh, datacenter: string, limitMs: number): Promise<void> =>
  eventually(`a rotation in activate waits for ${datacenter}`, { limitMs }, async () => {
    const moving = (await new Rotations(mesh.dc1).list()).filter(({ Phase }) => MOVING.includes(Phase));
    expect(moving).toMatchObject([{ Phase: 'activate' }]);
    expect([...new Set(moving[0]!.Blockers.map((blocker) => blocker.Datacenter))]).toEqual([datacenter]);
  });

/** Waits until both datacenters sign under one root that is not `previous`, both still trust `previous`; returns it. */
export const nextRootEverywhere = (mesh: Mesh, previous: string, limitMs: number): Promise<RootsAnswer> =>
  eventually('both datacenters sign under the next root', { limitMs }, async () => {
    const [first, second] = await Promise.all([mesh.dc1.roots(), mesh.dc2.roots()]);
    expect(first.ActiveRootID).not.toBe(previous);
    expect(second.ActiveRootID).toBe(first.ActiveRootID);
    for (const { Roots } of [first, second]) {
      expect(Roots.filter(({ Active }) => Active)).toHaveLength(1);
      expect(Roots.map(({ ID }) => ID)).toContain(previous);
    }
    return first;
  });

/** The root of an answer with that ID. */
export const rootOf = (roots: RootsAnswer, id: string): Certificate =>
  parseCertificates(roots.Roots.find(({ ID }) => ID === id)?.RootCert ?? '')[0]!;

/** Waits until the leaf that the agent serves has its path to `root` and to no other anchor. Returns its serial. */
export const leafUnder = (service: MeshService, root: Certificate, limitMs: number): Promise<string> =>
  eventually(`the leaf of ${service.plan.name} is under the next root`, { limitMs }, async () => {
    const { CertPEM, SerialNumber } = await service.leaf();
    const verdict = verifyChain({
      presented: parseCertificates(CertPEM),
      anchors: [root],
      now: epochMs(Date.now()),
      usage: 'tls-server',
    });
    expect(verdict).toMatchObject({ ok: true });
    return SerialNumber;
  });
