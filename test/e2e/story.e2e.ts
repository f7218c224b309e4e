import { describe, expect } from '@jest/globals';
import { parseCertificates, verifyChain } from '@banyan/pki';
import { epochMs } from '@banyan/kernel';
import { eventually } from './harness/eventually.js';
import { callHttp } from './harness/http-call.js';
import type { MeshService } from './harness/mesh-service.js';
import { meshSuite } from './harness/mesh-suite.js';

const EXACT = '/v1/connect/intentions/exact?source=web&destination=api';

interface IntentionAnswer {
  readonly SourceName: string;
  readonly DestinationName: string;
  readonly Action: string;
}

describe('from nothing to the first request between two datacenters', () => {
  let web: MeshService;
  let api: MeshService;
  const suite = meshSuite((mesh) => mesh.startServers());

  suite.step(
    'the datacenters share one trust domain and root, and sign with intermediates of their own',
    async (mesh) => {
      const [first, second] = await Promise.all([mesh.dc1.roots(), mesh.dc2.roots()]);
      expect(first.TrustDomain).toMatch(/^[0-9a-f-]{36}\.consul$/);
      expect(second.TrustDomain).toBe(first.TrustDomain);
      expect(second.ActiveRootID).toBe(first.ActiveRootID);
      const signers = [first, second].map(({ Roots }) => Roots.find(({ Active }) => Active)?.SigningKeyID);
      expect(new Set(signers).size).toBe(2);
      expect(await mesh.dc1.askServer({ path: '/v1/catalog/datacenters' })).toEqual(['dc1', 'dc2']);
    },
  );

  suite.step('agents join by token and pin', async (mesh) => {
    await mesh.startAgents();
    await eventually('the catalog of dc2 has its agent', { limitMs: 10_000 }, async () => {
      const nodes = await mesh.dc2.askServer<{ Node: string }[]>({ path: '/v1/catalog/nodes' });
      expect(nodes.map(({ Node }) => Node)).toContain('dc2-agent-1');
    });
  });

  suite.step('workloads get leaves with their SPIFFE ID, under the one root', async (mesh) => {
    api = await mesh.startService({ name: 'api', datacenter: 'dc2', upstreams: [] });
    web = await mesh.startService({
      name: 'web',
      datacenter: 'dc1',
      upstreams: [{ name: 'api', datacenter: 'dc2' }],
    });
    const { TrustDomain, Roots } = await mesh.dc1.roots();
    for (const service of [web, api]) {
      const { name, datacenter } = service.plan;
      const { ServiceURI } = await service.leaf();
      expect(ServiceURI).toBe(`spiffe://${TrustDomain}/ns/default/dc/${datacenter}/svc/${name}`);
      const verdict = verifyChain({
        presented: await service.chain(),
        anchors: Roots.flatMap(({ RootCert }) => parseCertificates(RootCert)),
        now: epochMs(Date.now()),
        trustDomain: TrustDomain,
        usage: 'tls-server',
      });
      expect(verdict).toMatchObject({ ok: true });
    }
  });

  suite.step('without an intention nothing passes', async () => {
    await expect(callHttp(web.upstream('api'), { path: '/' })).rejects.toThrow(/socket hang up|ECONNRESET/);
  });

  suite.step('an intention written through dc2 is visible in dc2 when it answers, and then in dc1', async (mesh) => {
    expect(await mesh.dc2.putIntention('web', 'api', 'allow')).toMatchObject({ status: 200, text: 'true' });
    const wanted = { SourceName: 'web', DestinationName: 'api', Action: 'allow' };
    expect(await mesh.dc2.askServer<IntentionAnswer>({ path: EXACT })).toMatchObject(wanted);
    // The primary is where it was written: it needs no waiting there either.
    expect(await mesh.dc1.askServer<IntentionAnswer>({ path: EXACT })).toMatchObject(wanted);
  });

  suite.step('web in dc1 reaches api in dc2 through both sidecars', async () => {
    await eventually('the first request passes', { limitMs: 10_000 }, async () => {
      expect(await callHttp(web.upstream('api'), { path: '/' })).toMatchObject({ status: 200, text: 'api' });
    });
  });
});
