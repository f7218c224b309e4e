import { expect } from '@jest/globals';
import { epochMs } from '@banyan/kernel';
import { parseCertificates, verifyChain } from '@banyan/pki';
import type { Datacenter } from './datacenter.js';
import { eventually } from './eventually.js';
import type { HttpAnswer } from './http-call.js';
import type { Mesh } from './mesh.js';
import type { LeafAnswer } from './mesh-service.js';
import { rootOf } from './root-rotation.js';

let probes = 0;
/** An agent whose server was restarted finds it again within the 2 s that its channel waits at most. */
const LEAF_LIMIT_MS = 5_000;

/** Asks the agent once for the first leaf of a service it has never heard of; whatever it answers. */
export const askFreshLeaf = (datacenter: Datacenter): Promise<HttpAnswer> =>
  datacenter.callAgent({ path: `/v1/agent/connect/ca/leaf/probe-${(probes += 1)}` });

/** Asks the agent for the first leaf of a service it has never heard of, and checks that it is signed under `rootId`. */
export const expectFreshLeaf = (datacenter: Datacenter, rootId: string): Promise<void> => {
  const name = `probe-${(probes += 1)}`;
  return eventually(`${datacenter.name} signs a leaf under ${rootId}`, { limitMs: LEAF_LIMIT_MS }, async () => {
    const leaf = await datacenter.askAgent<LeafAnswer>({ path: `/v1/agent/connect/ca/leaf/${name}` });
    expect(leaf.ServiceURI).toContain(`/dc/${datacenter.name}/svc/${name}`);
    const verdict = verifyChain({
      presented: parseCertificates(leaf.CertPEM),
      anchors: [rootOf(await datacenter.roots(), rootId)],
      now: epochMs(Date.now()),
      usage: 'tls-server',
    });
    expect(verdict).toMatchObject({ ok: true });
  });
};

/** An intention as the list shows it, without what is the datacenter's own (indexes). */
export interface ListedIntention {
  readonly SourceName: string;
  readonly DestinationName: string;
  readonly Action: string;
}

/** Every intention of a datacenter, in a fixed order. */
export const intentionsOf = async (datacenter: Datacenter): Promise<ListedIntention[]> => {
  const list = await datacenter.askServer<ListedIntention[]>({ path: '/v1/connect/intentions' });
  return list
    .map(({ SourceName, DestinationName, Action }) => ({ SourceName, DestinationName, Action }))
    .toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
};

/** Waits until both datacenters have the same intentions, trust the same roots and sign under the same one of them. */
export const expectInSync = (mesh: Mesh, limitMs: number): Promise<void> =>
  eventually('both datacenters say the same', { limitMs }, async () => {
    const [first, second] = await Promise.all([mesh.dc1.roots(), mesh.dc2.roots()]);
    expect(second.ActiveRootID).toBe(first.ActiveRootID);
    for (const { Roots } of [first, second]) expect(Roots.filter(({ Active }) => Active)).toHaveLength(1);
    expect(second.Roots.map(({ ID }) => ID).toSorted()).toEqual(first.Roots.map(({ ID }) => ID).toSorted());
    expect(await intentionsOf(mesh.dc2)).toEqual(await intentionsOf(mesh.dc1));
  });
