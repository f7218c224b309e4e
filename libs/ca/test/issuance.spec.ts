import { BanyanError, epochMs, HOUR } from '@banyan/kernel';
import { Certificate, createCsr, generateKeyPair } from '@banyan/pki';
import { FakeTime, someRequester, withTestStore } from '@banyan/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CA_ENTITIES, issuanceReason } from '../src/index.js';
import { type CaBench, openCaBench } from './ca-bench.js';

const stores = withTestStore(CA_ENTITIES);
const never = new AbortController().signal;

describe('what is recorded of a certificate, on PostgreSQL', () => {
  let time: FakeTime;
  let bench: CaBench;
  beforeEach(async () => {
    time = new FakeTime();
    bench = await openCaBench(await stores.open(), time.clock);
  });
  afterEach(() => bench.stop());

  const order = async (path = 'ns/default/dc/dc1/svc/web') => {
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const uri = `spiffe://${bench.projection.getTrustDomain().name}/${path}`;
    return bench.leaves.prepare(createCsr({ keyPair, uri }));
  };

  it('is what the leaf says, and who asked for it why', async () => {
    const requester = { accessorId: 'acc-7', node: 'n7', reason: 'renewal' } as const;
    const { certificate, rootId } = await bench.leaves.issueOwn(await order(), requester);
    const active = bench.projection.getActive();
    expect(bench.recorder.entries.at(-1)).toEqual({
      kind: 'service',
      serialHex: certificate.serialHex,
      uri: certificate.uris[0],
      subject: 'web',
      issuerKeyId: active.certificate.subjectKeyId,
      rootId,
      requester,
      notBefore: certificate.notBefore,
      notAfter: certificate.notAfter,
      issuedAt: time.now,
    });
    expect(certificate.authorityKeyId).toBe(active.certificate.subjectKeyId);
    for (const [path, kind, subject] of [
      ['agent/client/dc/dc1/id/n3', 'agent', 'n3'],
      ['agent/server/dc/dc1', 'server', 'dc1'],
    ] as const) {
      await bench.leaves.issueOwn(await order(path), requester);
      expect(bench.recorder.entries.at(-1)).toMatchObject({ kind, subject });
    }
  });

  it('is there before the leaf: what cannot be recorded is not signed', async () => {
    const served = (): number => bench.leaves.tally.counts.served.get('service')!;
    const signed = served();
    bench.recorder.failure = new BanyanError('STORE_UNREACHABLE', 'the database is away');
    for (const issue of ['issue', 'issueOwn'] as const) {
      const refused = bench.leaves[issue](await order(), someRequester);
      await expect(refused).rejects.toBeInstanceOf(BanyanError);
      await expect(refused).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    }
    expect(served()).toBe(signed);
    expect(bench.leaves.tally.counts.refused.get('STORE_UNREACHABLE')).toBe(2);
    bench.recorder.failure = undefined;
    await bench.leaves.issue(await order(), someRequester);
    expect(served()).toBe(signed + 1);
  });

  it('begins with the first root and the intermediate under it', () => {
    const root = bench.projection.wantedRoot!;
    const { certificate } = bench.projection.getActive();
    const common = { rootId: root.id, issuerKeyId: root.certificate.subjectKeyId };
    expect(bench.recorder.entries).toMatchObject([
      {
        kind: 'root',
        subject: root.id,
        serialHex: root.certificate.serialHex,
        ...common,
        requester: { reason: 'first' },
      },
      { kind: 'intermediate', subject: 'dc1', serialHex: certificate.serialHex, ...common },
    ]);
  });

  it('names the next root, and the certificate with which the active one vouches for it, before both are published', async () => {
    const before = bench.recorder.entries.length;
    const active = bench.projection.wantedRoot!;
    const wish = { provider: 'consul', options: { PrivateKeyBits: 384 }, compromised: false };
    const made = await bench.root.make({ rotationId: 'r', crossSign: true, ...wish }, never);
    expect(bench.recorder.entries.slice(before)).toMatchObject([
      { kind: 'root', subject: made.rootId, rootId: made.rootId, requester: { reason: 'rotation' } },
      {
        kind: 'cross-signed',
        subject: made.rootId,
        rootId: active.id,
        issuerKeyId: active.certificate.subjectKeyId,
        requester: { reason: 'rotation' },
      },
    ]);
    await bench.root.make({ rotationId: 'c', crossSign: true, ...wish, compromised: true }, never);
    expect(bench.recorder.entries.slice(before + 2)).toMatchObject([{ kind: 'root', requester: { reason: 'taint' } }]);
  });

  it('names for whom an intermediate is, and whose token it was', async () => {
    const uri = `spiffe://${bench.projection.getTrustDomain().name}`;
    const request = async (): Promise<string> =>
      createCsr({ keyPair: await generateKeyPair({ type: 'ec', bits: 256 }), uri, ca: true });
    const csrPem = await request();
    const issued = await bench.root.signIntermediate(csrPem, { datacenter: 'dc2', accessorId: 'acc-2' }, never);
    expect(bench.recorder.entries.at(-1)).toMatchObject({
      kind: 'intermediate',
      subject: 'dc2',
      serialHex: Certificate.fromPem(issued.certificatePem).serialHex,
      requester: { accessorId: 'acc-2', reason: 'first' },
    });
    bench.recorder.failure = new BanyanError('STORE_UNREACHABLE', 'the database is away');
    await expect(bench.root.signIntermediate(await request(), { datacenter: 'dc2' }, never)).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
    });
    // The same request again is answered by the certificate that is recorded already.
    expect(await bench.root.signIntermediate(csrPem, { datacenter: 'dc2' }, never)).toEqual(issued);
  });

  it('is preceded by the horizon, which many leaves at once write together', async () => {
    const horizon = async (): Promise<number> =>
      (
        await bench.store.dataSource.query(`SELECT leaf_horizon FROM signing_authority WHERE slot = 'active'`)
      )[0].leaf_horizon?.getTime() ?? 0;
    const orders = await Promise.all(Array.from({ length: 30 }, () => order()));
    const leaves = await Promise.all(orders.map((each) => bench.leaves.issueOwn(each, someRequester)));
    expect(await horizon()).toBeGreaterThanOrEqual(Math.max(...leaves.map(({ certificate }) => certificate.notAfter)));
    await bench.store.dataSource.query(`UPDATE signing_authority SET leaf_horizon = NULL`);
    await bench.leaves.issueOwn(await order(), someRequester);
    // Still known to be recorded: nothing was written.
    expect(await horizon()).toBe(0);
    time.jump(10 * HOUR);
    const later = await bench.leaves.issueOwn(await order(), someRequester);
    expect(epochMs(await horizon())).toBeGreaterThanOrEqual(later.certificate.notAfter);
  });

  it('measures how many leaves a second it could sign', async () => {
    expect(bench.leaves.measuredPerSecond).toBeUndefined();
    for (let n = 0; n < 20; n += 1) await bench.leaves.issueOwn(await order(), someRequester);
    expect(bench.leaves.measuredPerSecond).toBeGreaterThan(20);
    expect(bench.leaves.measuredPerSecond).toBeLessThan(20_000);
  });

  it('takes an unknown reason for the first', () => {
    expect([undefined, '', 'taint', 'whatever'].map(issuanceReason)).toEqual(['first', 'first', 'taint', 'first']);
  });
});
