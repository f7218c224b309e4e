import { expect } from '@jest/globals';
import { epochMs } from '@banyan/kernel';
import { parseCertificates, verifyChain } from '@banyan/pki';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DatacenterName } from './datacenter.js';
import { eventually, Hopeless } from './eventually.js';
import { freeAddress } from '@banyan/testkit';
import { askJson, callHttp } from './http-call.js';
import type { Mesh } from './mesh.js';
import type { MeshProcess } from './mesh-process.js';
import type { LeafAnswer } from './mesh-service.js';
import { rootOf } from './root-rotation.js';

const READY_LIMIT_MS = 20_000;

/** A second host of a datacenter: an agent that holds leaves, without a sidecar, so that nobody's handshakes hang on it. */
export class SpareAgent {
  private constructor(
    readonly node: string,
    readonly process: MeshProcess,
    readonly address: string,
    private readonly token: string,
  ) {}

  /** Gets a token of its own from the operator, starts, and holds leaves of services of those names. */
  static async start(mesh: Mesh, datacenter: DatacenterName, services: readonly string[]): Promise<SpareAgent> {
    const spare = await SpareAgent.layOut(mesh, datacenter, {});
    spare.process.start();
    await spare.ready();
    for (const service of services) await spare.leaf(service);
    return spare;
  }

  /** Not started yet. `pinFile`: a fingerprint of its own instead of the one that the primary publishes. */
  static async layOut(
    mesh: Mesh,
    datacenter: DatacenterName,
    { node = `${datacenter}-agent-2`, pinFile }: { readonly node?: string; readonly pinFile?: string },
  ): Promise<SpareAgent> {
    const { SecretID } = await mesh[datacenter].askServer<{ SecretID: string }>({
      method: 'PUT',
      path: '/v1/acl/token',
      body: { Description: `agent of ${node}`, Role: { kind: 'agent', node } },
    });
    mesh.secrets.add(`the token of ${node}`, SecretID);
    const tokenFile = join(mesh.folder, `${node}.token`);
    writeFileSync(tokenFile, `${SecretID}\n`, { mode: 0o600 });
    const httpBind = await freeAddress();
    const place = { httpBind, tokenFile, ...(pinFile !== undefined && { pinFile }) };
    const process = mesh.watch(mesh[datacenter].anotherAgent(node, place));
    return new SpareAgent(node, process, httpBind, mesh.secrets.token('management'));
  }

  async ready(limitMs = READY_LIMIT_MS): Promise<void> {
    await eventually(`${this.node} becomes ready`, { limitMs }, async () => {
      if (!this.process.isRunning) throw new Hopeless('it has ended');
      const { status, text } = await callHttp(this.address, { path: '/readyz', limitMs: 5_000 });
      if (status !== 200) throw new Error(`/readyz answered ${status}: ${text}`);
    });
  }

  leaf(service: string): Promise<LeafAnswer> {
    return askJson(this.address, { path: `/v1/agent/connect/ca/leaf/${service}`, token: this.token });
  }

  /** Waits until the leaf that it serves has its path to that root. */
  async hasLeafUnder(service: string, rootId: string, mesh: Mesh): Promise<void> {
    const anchors = [rootOf(await mesh.dc1.roots(), rootId)];
    await eventually(`${this.node} has a leaf under ${rootId}`, { limitMs: READY_LIMIT_MS }, async () => {
      const presented = parseCertificates((await this.leaf(service)).CertPEM);
      expect(verifyChain({ presented, anchors, now: epochMs(Date.now()), usage: 'tls-server' })).toMatchObject({
        ok: true,
      });
    });
  }
}
