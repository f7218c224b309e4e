import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CA_ENTITIES,
  CaProjection,
  IntermediateIssuer,
  type IntermediateRequest,
  type IssuedIntermediate,
  LeafIssuer,
  LocalIntermediateIssuer,
  RootAuthority,
  SigningAuthority,
  toWireRoots,
} from '@banyan/ca';
import { epochMs, HOUR, SilentLogger, stateIndex, SystemClock, SystemRandom, SystemTimers } from '@banyan/kernel';
import { createCsr, exportPrivateKeyPem, generateKeyPair, parseCertificates } from '@banyan/pki';
import { type Fence, KeyEncryption, LeaseKeeper, type Store } from '@banyan/store';
import { forgeIdentity, MemoryIssuances, someRequester, withTestStore } from '@banyan/testkit';
import { ChangeFollower } from '@banyan/watch';
import { changeRoot } from './change-root.js';

const clock = new SystemClock();
const timers = new SystemTimers();
const random = new SystemRandom();
const logger = new SilentLogger();

/** Answers as told: the issuer of a datacenter whose WAN can be cut between the CSR and the answer. */
class InterruptibleIssuer extends IntermediateIssuer {
  readonly requests: string[] = [];
  cut = false;
  constructor(private readonly inner: IntermediateIssuer) {
    super();
  }
  override async issue(request: IntermediateRequest, signal: AbortSignal): Promise<IssuedIntermediate> {
    this.requests.push(request.csrPem);
    const issued = await this.inner.issue(request, signal);
    if (this.cut) throw new Error('the answer was lost');
    return issued;
  }
}

interface Bench {
  store: Store;
  follower: ChangeFollower;
  projection: CaProjection;
  root: RootAuthority;
  issuer: InterruptibleIssuer;
  signing: SigningAuthority;
  leaves: LeafIssuer;
  fence: Fence;
  reached(index: number): Promise<void>;
  stop(): Promise<void>;
}

describe('the primary and its own signing authority, on PostgreSQL', () => {
  const stores = withTestStore(CA_ENTITIES);
  const keys = KeyEncryption.fromKey(new Uint8Array(32).fill(7));
  let bench: Bench;
  let dir: string;

  const open = async (store: Store): Promise<Bench> => {
    const follower = new ChangeFollower({ log: store, timers, random, logger });
    const projection = new CaProjection(store, keys);
    follower.register(projection);
    await follower.start();
    const recorder = new MemoryIssuances();
    const common = { datacenter: 'dc1', store, follower, projection, keys, recorder, clock, random, logger };
    const root = new RootAuthority(common);
    const issuer = new InterruptibleIssuer(new LocalIntermediateIssuer(root));
    const fence = await new Promise<Fence>((resolve) => {
      keeper = new LeaseKeeper({
        store,
        name: 'ca',
        holder: random.uuid(),
        ttlMs: 10_000,
        timers,
        random,
        logger,
        onAcquired: (acquired) => resolve(acquired),
        onLost: () => undefined,
      });
      keeper.start();
    });
    const held = keeper!;
    return {
      store,
      follower,
      projection,
      root,
      issuer,
      fence,
      signing: new SigningAuthority({ ...common, issuer }),
      leaves: new LeafIssuer({
        datacenter: 'dc1',
        store,
        projection,
        recorder,
        clock,
        timers,
        random,
      }),
      reached: (index) => follower.reached(stateIndex(index), { limitMs: 10_000 }),
      stop: async () => {
        await held.stop();
        await follower.stop();
      },
    };
  };
  let keeper: LeaseKeeper | undefined;

  const never = new AbortController().signal;
  const leafFor = async (service: string) => {
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const uri = `spiffe://${bench.projection.getTrustDomain().name}/ns/default/dc/dc1/svc/${service}`;
    return bench.leaves.issueOwn(bench.leaves.prepare(createCsr({ keyPair, uri })), someRequester);
  };
  const openssl = (anchors: string, chainPem: string): string => {
    const [leaf, ...rest] = parseCertificates(chainPem);
    writeFileSync(join(dir, 'anchors.pem'), anchors);
    writeFileSync(join(dir, 'leaf.pem'), leaf!.pem);
    writeFileSync(join(dir, 'rest.pem'), rest.map((c) => c.pem).join(''));
    return execFileSync(
      'openssl',
      [
        'verify',
        '-x509_strict',
        '-CAfile',
        join(dir, 'anchors.pem'),
        '-untrusted',
        join(dir, 'rest.pem'),
        join(dir, 'leaf.pem'),
      ],
      { encoding: 'utf8' },
    );
  };

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'banyan-ca-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  beforeEach(async () => {
    bench = await open(await stores.open());
  });
  afterEach(() => bench.stop());

  const establish = async (): Promise<void> => {
    await bench.root.initialize(bench.fence, never);
    await bench.signing.reconcile(bench.fence, never);
  };

  it('makes the trust domain once and signs leaves that openssl accepts under the root', async () => {
    await establish();
    const first = bench.projection.getTrustDomain().name;
    await bench.root.initialize(bench.fence, never);
    expect(bench.projection.getTrustDomain().name).toBe(first);
    const leaf = await leafFor('web');
    expect(openssl(bench.projection.state.roots[0]!.certificate.pem, leaf.chainPem)).toContain('leaf.pem: OK');
    expect(parseCertificates(leaf.chainPem)).toHaveLength(2);
  });

  it('rotates EC to RSA so that a peer with only the first root, and one with both, accept every leaf', async () => {
    await establish();
    const before = await leafFor('web');
    const r1 = bench.projection.wantedRoot!;
    const outcome = await changeRoot(bench, {
      provider: 'consul',
      options: { PrivateKeyType: 'rsa', PrivateKeyBits: 2048 },
      forceWithoutCrossSigning: false,
    });
    expect(outcome.kind).toBe('rotated');
    await bench.signing.reconcile(bench.fence, never);
    const after = await leafFor('web');
    const r2 = bench.projection.wantedRoot!;
    expect(r2.id).not.toBe(r1.id);
    expect(bench.projection.state.roots.map((r) => r.state)).toEqual(['inactive', 'active']);
    for (const leaf of [before, after]) {
      expect(openssl(r1.certificate.pem, leaf.chainPem)).toContain('OK');
      expect(openssl(r1.certificate.pem + r2.certificate.pem, leaf.chainPem)).toContain('OK');
    }
    expect(openssl(r2.certificate.pem, after.chainPem)).toContain('OK');
    const wire = toWireRoots({
      ...bench.projection.state,
      trustDomain: bench.projection.getTrustDomain(),
      active: bench.projection.getActive(),
    });
    expect(wire.ActiveRootID).toBe(r2.id);
    expect(wire.Roots.filter((r) => r.Active)).toHaveLength(1);
    expect(wire.Roots[1]!.IntermediateCerts).toHaveLength(2);
  });

  it('carries the whole cross-signed path when a second rotation follows before the first root is gone', async () => {
    await establish();
    const r1 = bench.projection.wantedRoot!;
    for (const bits of [384, 256]) {
      await changeRoot(bench, {
        provider: 'consul',
        options: { PrivateKeyBits: bits },
        forceWithoutCrossSigning: false,
      });
      await bench.signing.reconcile(bench.fence, never);
    }
    const leaf = await leafFor('web');
    expect(parseCertificates(leaf.chainPem)).toHaveLength(4);
    expect(openssl(r1.certificate.pem, leaf.chainPem)).toContain('OK');
  });

  it('keeps signing with the old pair when the answer is lost, and asks again with the same persisted key', async () => {
    await establish();
    const active = bench.projection.getActive();
    await changeRoot(bench, {
      provider: 'consul',
      options: { PrivateKeyBits: 384 },
      forceWithoutCrossSigning: false,
    });
    bench.issuer.cut = true;
    await expect(bench.signing.reconcile(bench.fence, never)).rejects.toThrow('the answer was lost');
    expect(bench.projection.getActive().id).toBe(active.id);
    expect(openssl(bench.projection.state.roots[0]!.certificate.pem, (await leafFor('web')).chainPem)).toContain('OK');
    const asked = bench.issuer.requests.at(-1);
    await bench.stop();
    bench = await open(bench.store);
    await bench.signing.reconcile(bench.fence, never);
    expect(bench.issuer.requests).toEqual([asked]);
    expect(bench.projection.getActive().rootId).toBe(bench.projection.wantedRoot!.id);
  });

  it('lets one of two changes win that were made to the same configuration, also when the root stays', async () => {
    await establish();
    const own = forgeIdentity({
      subject: 'own root',
      ca: true,
      uris: [`spiffe://${bench.projection.getTrustDomain().name}`],
      notBefore: epochMs(clock.now() - HOUR),
      notAfter: epochMs(clock.now() + 1_000 * HOUR),
    });
    const root = { RootCert: own.certificate.pem, PrivateKey: exportPrivateKeyPem(own.privateKey) };
    const configure = (LeafCertTTL: string) =>
      changeRoot(bench, { provider: 'consul', options: { ...root, LeafCertTTL }, forceWithoutCrossSigning: false });
    expect((await configure('72h')).kind).toBe('rotated');
    const outcomes = await Promise.allSettled([configure('24h'), configure('48h')]);
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected').map(({ reason }) => reason as unknown);
    expect(refused).toEqual([expect.objectContaining({ name: 'BanyanError', code: 'CA_CONFLICT' })]);
  });

  it('changes lifetimes without touching a root, an intermediate or a leaf', async () => {
    await establish();
    const { id, modifyIndex } = bench.projection.getActive();
    const outcome = await changeRoot(bench, {
      provider: 'consul',
      options: { LeafCertTTL: '24h' },
      forceWithoutCrossSigning: false,
    });
    expect(outcome.kind).toBe('stored');
    await bench.signing.reconcile(bench.fence, never);
    expect(bench.projection.getActive()).toMatchObject({ id, modifyIndex });
    expect(bench.projection.state.roots).toHaveLength(1);
    const same = await changeRoot(bench, {
      provider: 'consul',
      options: { LeafCertTTL: '24h' },
      forceWithoutCrossSigning: false,
    });
    expect(same.kind).toBe('unchanged');
  });

  it('records, before a leaf exists, until when leaves of an authority live', async () => {
    await establish();
    const leaf = await leafFor('web');
    const [row] = await bench.store.dataSource.query(
      `SELECT leaf_horizon FROM signing_authority WHERE slot = 'active'`,
    );
    expect((row.leaf_horizon as Date).getTime()).toBeGreaterThanOrEqual(leaf.certificate.notAfter);
  });

  it('shows the state of one moment, however its reads are held up', async () => {
    await establish();
    const late = new CaProjection(bench.store, keys);
    const other = bench.store.dataSource.createQueryRunner();
    await other.startTransaction();
    await other.query('LOCK TABLE root_authority IN ACCESS EXCLUSIVE MODE');
    const loading = late.load();
    const heldUp = `SELECT 1 FROM pg_locks WHERE relation = 'root_authority'::regclass AND NOT granted`;
    while ((await bench.store.dataSource.query(heldUp)).length === 0) await timers.sleep(2, never);
    await other.query(
      `INSERT INTO root_authority (id, fingerprint_sha256, generation, name, certificate_pem, state, rotated_out_at,
         private_key_type, private_key_bits, create_index, modify_index)
       SELECT 'next', 'next', 2, name, certificate_pem, 'inactive', now(), private_key_type, private_key_bits, 9, 9
       FROM root_authority`,
    );
    await other.commitTransaction();
    await other.release();
    await loading;
    expect(late.state.roots.map((root) => root.generation)).toEqual([1]);
    await late.load();
    expect(late.state.roots.map((root) => root.generation)).toEqual([1, 2]);
  });

  it('stores no private key in the clear', async () => {
    await establish();
    const dump = JSON.stringify([
      await bench.store.dataSource.query('SELECT * FROM root_authority'),
      await bench.store.dataSource.query('SELECT * FROM signing_authority'),
    ]);
    expect(dump).toContain('BEGIN CERTIFICATE');
    expect(dump).not.toContain('PRIVATE KEY');
  });
});
