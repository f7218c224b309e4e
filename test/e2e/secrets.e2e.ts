import { describe, expect } from '@jest/globals';
import { createPrivateKey, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { epochMs, HOUR, SystemRandom } from '@banyan/kernel';
import { exportPrivateKeyPem, generateKeyPair, issue, LocalSigner, prepareRoot } from '@banyan/pki';
import { expectInSync } from './harness/datacenter-state.js';
import { eventually } from './harness/eventually.js';
import { filesBelow } from './harness/files-below.js';
import { callHttp, type HttpCall } from './harness/http-call.js';
import type { Mesh } from './harness/mesh.js';
import { MeshProcess } from './harness/mesh-process.js';
import { meshSuite } from './harness/mesh-suite.js';
import { nothingMoves, rootOf, rotate } from './harness/root-rotation.js';
import { secretsIn } from './harness/run-secrets.js';
import { startWebAndApi, type WebAndApi } from './harness/web-and-api.js';

const CONFIGURATION = '/v1/connect/ca/configuration';
const SYNC_LIMIT_MS = 5_000;

describe('secrets of a whole run', () => {
  let cast: WebAndApi;
  const answers: string[] = [];
  const suite = meshSuite(async (mesh) => {
    await mesh.startServers();
    await mesh.startAgents();
    cast = await startWebAndApi(mesh);
  });

  /** Asks, expects a refusal, and keeps the answer. */
  const refused = async (address: string, call: HttpCall): Promise<void> => {
    const { status, text, headers } = await callHttp(address, call);
    expect({ call: `${call.method ?? 'GET'} ${call.path}`, refused: status >= 400 }).toMatchObject({ refused: true });
    answers.push(`${text}\n${JSON.stringify(headers)}`);
  };

  suite.step('come up: a rotation, a token made in the secondary, leaves with their keys', async (mesh) => {
    await rotate(mesh.dc1, { PrivateKeyType: 'ec', PrivateKeyBits: 384 });
    await expectInSync(mesh, SYNC_LIMIT_MS);
    const made = await mesh.dc2.askServer<{ SecretID: string; AccessorID: string }>({
      method: 'PUT',
      path: '/v1/acl/token',
      body: { Description: 'made on the way', Role: { kind: 'service', service: 'shop' } },
    });
    mesh.secrets.add('the token that was made', made.SecretID);
    await mesh.dc2.askServer({ path: '/v1/acl/token/self', token: made.SecretID });
    for (const service of [cast.web, cast.api]) {
      const { PrivateKeyPEM } = await service.leaf();
      expect(createPrivateKey(PrivateKeyPEM).asymmetricKeyType).toBe('ec');
      mesh.secrets.add(`the key of the leaf of ${service.plan.name}`, PrivateKeyPEM.split('\n')[1]!);
    }
    const tokens = await mesh.dc1.callServer({ path: '/v1/acl/tokens' });
    expect(tokens.status).toBe(200);
    answers.push(tokens.text);
  });

  suite.step('an operator’s own key is taken, and hidden in every later answer', async (mesh) => {
    const given = await ownRoot(mesh);
    mesh.secrets.add('the key of the operator’s root', given.privateKeyPem.split('\n')[1]!);
    const Config = { RootCert: given.certificatePem, PrivateKey: given.privateKeyPem };
    await nothingMoves(mesh, 15_000);
    const put = await mesh.dc1.callServer({ method: 'PUT', path: CONFIGURATION, body: { Provider: 'consul', Config } });
    expect({ status: put.status, text: put.text }).toEqual({ status: 200, text: '' });
    await expectInSync(mesh, SYNC_LIMIT_MS);
    const roots = await mesh.dc2.roots();
    expect(rootOf(roots, roots.ActiveRootID).pem.trim()).toBe(given.certificatePem.trim());
    const read = await mesh.dc1.callServer({ path: CONFIGURATION });
    expect(read.text).toContain('<hidden>');
    answers.push(read.text);
    await refused(mesh.dc1.addresses.serverHttp, {
      method: 'PUT',
      path: CONFIGURATION,
      token: mesh.secrets.token('management'),
      body: { Provider: 'consul', Config: { RootCert: 'nonsense', PrivateKey: given.privateKeyPem } },
    });
  });

  suite.step('stand in no error answer', async (mesh) => {
    const unknown = randomUUID();
    mesh.secrets.add('a token nobody knows', unknown);
    const management = mesh.secrets.token('management');
    for (const { addresses } of mesh.datacenters) {
      await refused(addresses.serverHttp, { path: CONFIGURATION, token: unknown });
      await refused(addresses.serverHttp, { path: CONFIGURATION, token: mesh.secrets.token('web') });
      await refused(addresses.serverHttp, {
        method: 'PUT',
        path: CONFIGURATION,
        token: management,
        body: [management],
      });
      await refused(addresses.serverHttp, {
        method: 'PUT',
        path: '/v1/acl/bootstrap',
        body: { BootstrapSecret: management },
      });
      await refused(addresses.serverHttp, {
        method: 'PUT',
        path: '/v1/acl/token',
        token: management,
        body: { SecretID: management, Role: { kind: 'management' } },
      });
      await refused(addresses.agentHttp, { path: '/v1/agent/connect/ca/leaf/web', token: unknown });
      await refused(addresses.agentHttp, { path: '/v1/agent/connect/ca/leaf/web', token: mesh.secrets.token('api') });
      await refused(addresses.agentHttp, {
        method: 'PUT',
        path: '/v1/agent/service/register',
        token: mesh.secrets.token('api'),
        body: { Name: 'web', Token: unknown },
      });
    }
    const leaks = answers.flatMap((answer) => secretsIn(answer, mesh.secrets));
    expect(leaks).toEqual([]);
  });

  suite.step('are not repeated by a sidecar that is refused', async (mesh) => {
    const wrong = randomUUID();
    mesh.secrets.add('the wrong token of a sidecar', wrong);
    const sidecar = new MeshProcess(
      {
        name: 'refused-sidecar-proxy',
        entry: 'apps/cli/src/main.js',
        args: ['connect', 'proxy', '-sidecar-for', 'web', '-token', wrong],
        env: { BANYAN_HTTP_ADDR: mesh.dc1.addresses.agentHttp, BANYAN_LOG_LEVEL: 'debug' },
      },
      join(mesh.folder, 'logs'),
    );
    sidecar.start();
    // The exit code of whoever is denied.
    expect(await sidecar.ended).toEqual({ code: 4, signal: null });
    expect(sidecar.log).toContain('[PERMISSION_DENIED]');
  });

  suite.step('stand in no log and crossed the WAN in no clear byte', async (mesh) => {
    expect(mesh.wanTraffic.length).toBeGreaterThan(10_000);
    await eventually('the logs are there', { limitMs: 1_000 }, () => {
      expect(mesh.dc1.server.log).toContain('"rotation step"');
    });
    expect(mesh.leaks()).toEqual([]);
  });

  suite.step('are at rest in no file of a server or an agent, not even in PostgreSQL’s', async (mesh) => {
    const folders = mesh.datacenters.flatMap(({ name }) => [`${name}-server-1`, `${name}-agent-1`]);
    const found = folders
      .flatMap((folder) => filesBelow(join(mesh.folder, folder)))
      .flatMap((path) =>
        secretsIn(readFileSync(path, 'latin1'), mesh.secrets).map(
          (secret) => `${secret} in ${relative(mesh.folder, path)}`,
        ),
      );
    expect(found).toEqual([]);
  });
});

/** A root as an operator would bring it, for the trust domain of the mesh. */
const ownRoot = async (mesh: Mesh): Promise<{ readonly certificatePem: string; readonly privateKeyPem: string }> => {
  const { TrustDomain } = await mesh.dc1.roots();
  const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
  const prepared = prepareRoot({
    publicKey: keyPair.publicKey,
    trustDomain: TrustDomain,
    commonName: 'operator.example',
    lifetimeMs: 87_600 * HOUR,
    now: epochMs(Date.now()),
    random: new SystemRandom(),
  });
  const certificate = await issue(prepared, new LocalSigner(keyPair.privateKey));
  return { certificatePem: certificate.pem, privateKeyPem: exportPrivateKeyPem(keyPair.privateKey) };
};
