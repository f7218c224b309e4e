import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  CA_ENTITIES,
  CaProjection,
  LeafIssuer,
  LocalIntermediateIssuer,
  RootAuthority,
  type SecretConfiguration,
  SigningAuthority,
} from '@banyan/ca';
import { createCsr, generateKeyPair, parseCertificates } from '@banyan/pki';
import { KeyEncryption, type Transaction } from '@banyan/store';
import { type HeldLease, holdLease, MemoryIssuances, someRequester, withTestStore } from '@banyan/testkit';
import { ChangeFollower } from '@banyan/watch';
import { AwsPcaKind, VaultKind } from '../src/index.js';
import { calm, QuickTimers, surroundings } from './edges.js';
import { LocalAws } from './local-aws/local-aws.js';
import type { LocalVault } from './local-vault/local-vault.js';
import { failure } from './vault-behaviour.js';
import { localVault, policyFor, type VaultLab } from './vault-lab.js';

/** A whole primary CA on PostgreSQL, whose root moves from one provider to another. */
describe('the provider of the root', () => {
  const stores = withTestStore(CA_ENTITIES);
  const keys = KeyEncryption.fromKey(new Uint8Array(32).fill(7));
  const edges = surroundings();
  const vault = new VaultKind(edges);
  const awsKind = new AwsPcaKind(
    { ...edges, timers: new QuickTimers() },
    { accessKeyId: 'test-key', secretAccessKey: 'test-secret' },
  );
  const folder = mkdtempSync(join(tmpdir(), 'banyan-switch-'));
  let server: LocalVault;
  let lab: VaultLab;
  let aws: LocalAws;
  let bench: Awaited<ReturnType<typeof open>>;

  const open = async () => {
    const store = await stores.open();
    const follower = new ChangeFollower({ log: store, ...edges });
    const projection = new CaProjection(store, keys);
    follower.register(projection);
    await follower.start();
    const recorder = new MemoryIssuances();
    const common = { datacenter: 'dc1', store, follower, projection, keys, recorder, ...edges };
    const root = new RootAuthority({ ...common, kinds: [vault, awsKind] });
    const lease: HeldLease = await holdLease(store);
    const signing = new SigningAuthority({ ...common, issuer: new LocalIntermediateIssuer(root) });
    const leaves = new LeafIssuer(common);
    await root.initialize(lease.fence, calm());
    await signing.reconcile(lease.fence, calm());
    return { store, follower, projection, root, lease, signing, leaves };
  };

  beforeAll(async () => {
    ({ server, lab } = await localVault());
    aws = await LocalAws.start();
  });
  afterAll(async () => {
    await Promise.all([vault.stop(), awsKind.stop(), server.stop(), aws.stop()]);
    rmSync(folder, { recursive: true });
  });
  beforeEach(async () => {
    bench = await open();
  });
  afterEach(async () => {
    await bench.lease.release();
    await bench.follower.stop();
  });

  const commit = async (work: (tx: Transaction) => Promise<void>): Promise<void> => {
    const { index } = await bench.store.run(work);
    await bench.follower.reached(index, { limitMs: 10_000 });
  };
  const change = async (provider: string, options: Record<string, unknown>, force = false) => {
    const configuration: SecretConfiguration = { provider, options, forceWithoutCrossSigning: force };
    const order = { ...configuration, crossSign: !force };
    const { kind } = await bench.root.meaning(order);
    if (kind === 'stored') await bench.root.storeConfiguration(configuration);
    if (kind !== 'next-root') return kind;
    const rotationId = edges.random.uuid();
    const made = await bench.root.make({ ...order, rotationId, compromised: false }, calm());
    await commit((tx) => made.publish(tx));
    await commit((tx) => bench.root.apply(tx, { kind: 'activate', rootId: made.rootId }));
    await bench.signing.reconcile(bench.lease.fence, calm());
    return kind;
  };
  const vaultOptions = async (): Promise<Record<string, unknown>> => {
    const mount = await lab.mount();
    const Token = await lab.token(policyFor(mount), { ttl: '1h' });
    return { Address: lab.address, CAFile: lab.caFile, RootPKIPath: mount, Token };
  };
  const awsOptions = () => ({ Region: 'eu-central-1', Endpoint: aws.endpoint });
  const leaf = async (): Promise<string> => {
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const uri = `spiffe://${bench.projection.getTrustDomain().name}/ns/default/dc/dc1/svc/web`;
    const prepared = bench.leaves.prepare(createCsr({ keyPair, uri }));
    return (await bench.leaves.issueOwn(prepared, someRequester)).chainPem;
  };
  const at = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const openssl = (anchors: string, chainPem: string): string => {
    const [first, ...rest] = parseCertificates(chainPem);
    const untrusted = at('rest.pem', rest.map(({ pem }) => pem).join(''));
    const words = ['-CAfile', at('anchors.pem', anchors), '-untrusted', untrusted, at('leaf.pem', first!.pem)];
    return execFileSync('openssl', ['verify', '-x509_strict', ...words], { encoding: 'utf8' });
  };
  const roots = () =>
    bench.projection.state.roots.map(({ certificate, state, provider }) => ({ certificate, state, provider }));

  it('changes to Vault and back, and every peer accepts every leaf meanwhile', async () => {
    const before = await leaf();
    expect(await change('vault', await vaultOptions())).toBe('next-root');
    const inVault = await leaf();
    expect(await change('consul', {})).toBe('next-root');
    const after = await leaf();
    expect(roots().map(({ state, provider }) => [state, provider])).toEqual([
      ['inactive', 'consul'],
      ['inactive', 'vault'],
      ['active', 'consul'],
    ]);
    const [r1, r2, r3] = roots().map(({ certificate }) => certificate.pem);
    for (const chain of [before, inVault, after]) expect(openssl(r1!, chain)).toContain('OK');
    for (const chain of [inVault, after]) expect(openssl(r2!, chain)).toContain('OK');
    expect(openssl(r3!, after)).toContain('OK');
  });

  it('is known not to vouch for the next root, and why, while it is sealed or has lost the present one', async () => {
    const options = await vaultOptions();
    await change('vault', options);
    const away = { provider: 'consul', options: {} };
    expect(await bench.root.trial(away)).toEqual({ canCrossSign: true, faults: [] });
    server.isSealed = true;
    expect(await bench.root.trial(away)).toEqual({
      canCrossSign: false,
      cannotBecause: expect.stringMatching(/^provide: PROVIDER_UNREACHABLE: .*sealed/),
      faults: [],
    });
    server.isSealed = false;
    // Its throwaways go well: what is gone is the root that is to vouch.
    const mount = String(options['RootPKIPath']);
    const { body } = await lab.admin('LIST', `${mount}/issuers`);
    for (const id of (body as { data: { keys: string[] } }).data.keys)
      await lab.admin('DELETE', `${mount}/issuer/${id}`);
    expect(await bench.root.trial(away)).toMatchObject({ canCrossSign: false, faults: [] });
    expect((await bench.root.trial({ provider: 'vault', options })).canCrossSign).toBe(false);
  });

  it('gets a fresh token without another root, shows none, and keeps what is hidden', async () => {
    const options = await vaultOptions();
    await change('vault', options);
    const next = await lab.token(policyFor(String(options['RootPKIPath'])), { ttl: '2h' });
    const token = String(options['Token']);
    const count = roots().length;
    const shown = () => bench.projection.getConfiguration().parsed.options;
    expect(shown()).toEqual({ ...options, Token: '<hidden>' });
    expect(await change('vault', { ...shown() })).toBe('unchanged');
    expect(await change('vault', { ...shown(), LeafCertTTL: '2h' })).toBe('stored');
    expect(await change('vault', { ...options, Token: next, LeafCertTTL: '2h' })).toBe('stored');
    await lab.revoke(token);
    expect(await bench.root.inspect(calm())).toEqual({ kind: 'ready' });
    expect(roots()).toHaveLength(count);
  });

  it('is not changed to what does not answer, or lacks a permission: the root stays as it is', async () => {
    const [active] = roots();
    server.isSealed = true;
    const options = { Address: lab.address, CAFile: lab.caFile, RootPKIPath: 'pki', Token: 'x' };
    expect(await failure(change('vault', options))).toMatchObject({ code: 'PROVIDER_UNREACHABLE' });
    server.isSealed = false;
    expect(await failure(change('vault', options))).toMatchObject({ code: 'PROVIDER_REFUSED' });
    expect(roots()).toEqual([active]);
  });

  it('changes to AWS under the word of Vault, and from AWS only without one', async () => {
    await change('vault', await vaultOptions());
    expect(await change('aws-pca', awsOptions())).toBe('next-root');
    const [, r2, r3] = roots().map(({ certificate }) => certificate.pem);
    const inAws = await leaf();
    expect(openssl(r2!, inAws)).toContain('OK');
    expect(openssl(r3!, inAws)).toContain('OK');
    const refusal = await failure(change('consul', {}));
    expect(refusal).toMatchObject({ code: 'PROVIDER_CANNOT_CROSS_SIGN' });
    expect(refusal.message).toContain('does not support cross-signing');
    expect(await change('consul', {}, true)).toBe('next-root');
    expect(roots().map(({ provider }) => provider)).toEqual(['consul', 'vault', 'aws-pca', 'consul']);
  });

  it('destroys the key at Vault when its root is dropped', async () => {
    const options = await vaultOptions();
    await change('vault', options);
    const rootId = bench.projection.wantedRoot!.id;
    const issuers = async () => (await lab.admin('LIST', `${String(options['RootPKIPath'])}/issuers`)).status;
    await change('consul', {});
    expect(await issuers()).toBe(200);
    await commit((tx) => bench.root.apply(tx, { kind: 'drop', rootId }));
    expect(await issuers()).toBe(404);
  });
});
