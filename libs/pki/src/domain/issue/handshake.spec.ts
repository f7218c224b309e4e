import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tls from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { HOUR, SystemClock, SystemRandom } from '@banyan/kernel';
import {
  type Certificate,
  createCsr,
  exportPrivateKeyPem,
  generateKeyPair,
  issue,
  type KeySpec,
  LocalSigner,
  parseCsr,
  prepareCrossSigned,
  prepareIntermediate,
  prepareLeaf,
  prepareRoot,
} from '@banyan/pki';

const TD = '6f1d0c52-9a3b-4e07-8d15-2b7c9e40aa61.consul';
const now = new SystemClock().now();
const random = new SystemRandom();

const makeRoot = async (commonName: string, spec: KeySpec) => {
  const { publicKey, privateKey } = await generateKeyPair(spec);
  const signer = new LocalSigner(privateKey);
  const lifetimeMs = 1000 * HOUR;
  const prepared = prepareRoot({ publicKey, trustDomain: TD, commonName, lifetimeMs, now, random });
  return { certificate: await issue(prepared, signer), signer };
};

/** A mesh in the middle of a rotation: leaves under the next root, which the previous one cross-signed. */
const makeMesh = async (spec: KeySpec) => {
  const previous = await makeRoot('root-1.test', spec);
  const next = await makeRoot('root-2.test', spec);
  const crossing = prepareCrossSigned({ subject: next.certificate, issuer: previous.certificate, now, random });
  const crossed = await issue(crossing, previous.signer);
  const signing = await generateKeyPair(spec);
  const intermediate = await issue(
    prepareIntermediate({
      request: parseCsr(createCsr({ keyPair: signing, uri: `spiffe://${TD}`, ca: true })),
      issuer: next.certificate,
      trustDomain: TD,
      commonName: 'signing.test',
      lifetimeMs: 100 * HOUR,
      now,
      random,
    }),
    next.signer,
  );
  const signer = new LocalSigner(signing.privateKey);
  const workload = async (service: string) => {
    const keyPair = await generateKeyPair(spec);
    const csr = createCsr({ keyPair, uri: `spiffe://${TD}/ns/default/dc/dc1/svc/${service}` });
    const prepared = prepareLeaf({ request: parseCsr(csr), issuer: intermediate, lifetimeMs: 3 * HOUR, now, random });
    return { leaf: await issue(prepared, signer), key: exportPrivateKeyPem(keyPair.privateKey) };
  };
  return { previous, next, crossed, intermediate, web: await workload('web'), api: await workload('api') };
};

/** Resolves with the first match in what the process prints; rejects with the output if it ends before. */
const printed = (child: ChildProcess, pattern: RegExp): Promise<RegExpMatchArray> =>
  new Promise((resolve, reject) => {
    let output = '';
    const take = (chunk: Buffer): void => {
      output += chunk.toString();
      const match = output.match(pattern);
      if (match) resolve(match);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    child.once('close', () => reject(new Error(`ended without ${pattern}: ${output}`)));
  });

const pem = (...certificates: Certificate[]): string => certificates.map((certificate) => certificate.pem).join('');

describe.each<[string, KeySpec]>([
  ['EC', { type: 'ec', bits: 256 }],
  ['RSA', { type: 'rsa', bits: 2048 }],
])('mutual TLS with %s chains', (_name, spec) => {
  let folder: string;
  let mesh: Awaited<ReturnType<typeof makeMesh>>;
  const running = new Set<ChildProcess>();

  const file = (name: string, content: string): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const openssl = (...args: string[]): ChildProcess => {
    const child = spawn('openssl', args, { stdio: ['pipe', 'pipe', 'pipe'] });
    running.add(child);
    child.once('close', () => running.delete(child));
    return child;
  };
  /** Arguments for a side that presents its leaf and trusts one root alone. */
  const side = (name: 'web' | 'api', chain: Certificate[], anchor: Certificate): string[] => [
    '-cert',
    file(`${name}.pem`, mesh[name].leaf.pem),
    '-key',
    file(`${name}.key`, mesh[name].key),
    '-cert_chain',
    file(`${name}-chain.pem`, pem(...chain)),
    '-CAfile',
    file(`${name}-anchor.pem`, anchor.pem),
    '-no-CApath',
    '-no-CAstore',
    '-verify_return_error',
  ];
  const serve = async (chain: Certificate[], anchor: Certificate) => {
    const server = openssl('s_server', '-accept', '127.0.0.1:0', '-Verify', '4', ...side('web', chain, anchor));
    const [, port] = await printed(server, /ACCEPT 127\.0\.0\.1:(\d+)/);
    return { server, port: port! };
  };
  const connect = (port: string, chain: Certificate[], anchor: Certificate): ChildProcess =>
    openssl('s_client', '-connect', `127.0.0.1:${port}`, '-verify', '4', ...side('api', chain, anchor));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'banyan-tls-'));
    mesh = await makeMesh(spec);
  });
  afterEach(async () => {
    await Promise.all(
      [...running].map(async (child) => {
        const closed = once(child, 'close');
        child.kill();
        await closed;
      }),
    );
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('openssl to openssl, both trusting only the previous root', async () => {
    const chain = [mesh.intermediate, mesh.crossed];
    const { server, port } = await serve(chain, mesh.previous.certificate);
    const client = connect(port, chain, mesh.previous.certificate);
    await printed(client, /Verify return code: 0 \(ok\)/);
    client.stdin?.write('hello through the mesh\n');
    await printed(server, /hello through the mesh/);
  });

  it('openssl to openssl, one trusting only the next root and the other only the previous', async () => {
    const chain = [mesh.intermediate, mesh.crossed];
    const { server, port } = await serve(chain, mesh.next.certificate);
    const client = connect(port, chain, mesh.previous.certificate);
    await printed(client, /Verify return code: 0 \(ok\)/);
    client.stdin?.write('hello across the rotation\n');
    await printed(server, /hello across the rotation/);
  });

  it('openssl refuses the chain without the cross-signed certificate under the previous root', async () => {
    const { port } = await serve([mesh.intermediate], mesh.next.certificate);
    const client = connect(port, [mesh.intermediate], mesh.previous.certificate);
    await printed(client, /unable to get (local )?issuer certificate/);
    const [exitCode] = client.exitCode === null ? await once(client, 'exit') : [client.exitCode];
    expect(exitCode).not.toBe(0);
  });

  it('Node serves openssl and reads the URI of the client', async () => {
    const server = tls.createServer({
      cert: pem(mesh.web.leaf, mesh.intermediate, mesh.crossed),
      key: mesh.web.key,
      ca: mesh.previous.certificate.pem,
      requestCert: true,
      rejectUnauthorized: true,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const secure = once(server, 'secureConnection') as Promise<[tls.TLSSocket]>;
    const client = connect(String(port), [mesh.intermediate, mesh.crossed], mesh.previous.certificate);
    const [socket] = await secure;
    expect(socket.authorized).toBe(true);
    expect(socket.getPeerCertificate().subjectaltname).toBe(`URI:${mesh.api.leaf.uris[0]}`);
    await printed(client, /Verify return code: 0 \(ok\)/);
    socket.destroy();
    server.close();
    await once(server, 'close');
  });
});
