import { BanyanError, epochMs, HOUR, SystemRandom } from '@banyan/kernel';
import { createCsr, generateKeyPair, parseCertificates, verifyChain } from '@banyan/pki';
import type { Transaction } from '@banyan/store';
import { FakeTime, someRequester, withTestStore } from '@banyan/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CA_ENTITIES, CA_REPLICAS, CA_TOPICS, type RootEffect, toWireRoots } from '../src/index.js';
import { type CaBench, openCaBench } from './ca-bench.js';

const stores = withTestStore(CA_ENTITIES);
const never = new AbortController().signal;
const replica = CA_REPLICAS.find(({ topic }) => topic === 'denied-key')!;
const fingerprint = (n: number): string => Array.from({ length: 32 }, () => n.toString(16).padStart(2, '0')).join(':');

describe('denied keys, on PostgreSQL', () => {
  let time: FakeTime;
  let bench: CaBench;
  beforeEach(async () => {
    time = new FakeTime();
    bench = await openCaBench(await stores.open(), time.clock);
  });
  afterEach(() => bench.stop());

  const commit = async (work: (tx: Transaction) => Promise<unknown>): Promise<void> =>
    bench.reached((await bench.store.run(async (tx) => void (await work(tx)))).index);
  const apply = (effect: RootEffect): Promise<void> => commit((tx) => bench.root.apply(tx, effect));
  const denied = () => bench.projection.state.deniedKeys;
  const deniedSet = () => new Set(denied().map(({ keyFingerprint }) => keyFingerprint));
  const published = async (crossSign = true): Promise<string> => {
    const order = { rotationId: new SystemRandom().uuid(), provider: 'consul', options: {} };
    const next = await bench.root.make({ ...order, crossSign, compromised: false }, never);
    await commit((tx) => next.publish(tx));
    return next.rootId;
  };
  const chainOfNewLeaf = async () => {
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const uri = `spiffe://${bench.projection.getTrustDomain().name}/ns/default/dc/dc1/svc/web`;
    const order = bench.leaves.prepare(createCsr({ keyPair, uri }));
    return parseCertificates((await bench.leaves.issueOwn(order, someRequester)).chainPem);
  };
  const verdictOn = (presented: ReturnType<typeof parseCertificates>, deniedKeys = deniedSet()) => {
    const anchors = bundle().map(({ certificate }) => certificate);
    return verifyChain({ presented, anchors, now: time.now, usage: 'tls-server', deniedKeys });
  };
  const bundle = () => bench.projection.state.roots;

  it('has the key of a rolled-back root from the transaction on that drops it as compromised, and its chains are refused', async () => {
    const first = bench.projection.wantedRoot!;
    const second = await published();
    await apply({ kind: 'activate', rootId: second });
    await bench.reconcile();
    const { certificate } = bench.projection.wantedRoot!;
    const stolen = await chainOfNewLeaf();
    await apply({ kind: 'reactivate', rootId: first.id, insteadOf: second });
    await bench.reconcile();
    await apply({ kind: 'taint', rootId: second });
    // Leaves under it are moving still: who follows is not refused.
    expect([denied(), verdictOn(stolen).ok]).toEqual([[], true]);
    await apply({ kind: 'drop', rootId: second });
    expect(bundle().map(({ id }) => id)).toEqual([first.id]);
    // The active root vouches for it for ever: the signature cannot be taken back.
    expect(verdictOn(stolen, new Set())).toMatchObject({ ok: true });
    expect(verdictOn(stolen)).toMatchObject({ ok: false, code: 'CHAIN_KEY_DENIED' });
    expect(verdictOn(await chainOfNewLeaf())).toMatchObject({ ok: true });
    const endsAt = Math.max(certificate.notAfter, first.certificate.notAfter);
    const reason = expect.stringContaining(second) as unknown;
    expect(denied()).toMatchObject([{ keyFingerprint: certificate.keyFingerprint, reason, since: time.now, endsAt }]);
    const { active, trustDomain, retired, ...rest } = bench.projection.state;
    const wire = toWireRoots({ ...rest, retired, active: active!, trustDomain: trustDomain! });
    expect(wire.DeniedKeys).toMatchObject([{ KeySHA256: certificate.keyFingerprint, Reason: reason }]);
    expect(CA_TOPICS).toContain('denied-key');
  });

  it('has the key of a compromised next root at once', async () => {
    const next = await published();
    const { keyFingerprint } = bench.projection.nextRoot!.certificate;
    await commit(async (tx) => {
      for (const kind of ['taint', 'drop'] as const) await bench.root.apply(tx, { kind, rootId: next });
    });
    expect(denied()).toMatchObject([{ keyFingerprint }]);
  });

  it('has the key of a root that has left already, and nothing leads on from it any more', async () => {
    const first = bench.projection.wantedRoot!;
    const second = await published();
    await apply({ kind: 'activate', rootId: second });
    await bench.reconcile();
    await apply({ kind: 'drop', rootId: first.id });
    expect([denied(), bench.projection.state.taintedGone]).toEqual([[], []]);
    await apply({ kind: 'taint', rootId: first.id });
    expect(denied()).toMatchObject([{ keyFingerprint: first.certificate.keyFingerprint }]);
    expect(bench.projection.state.taintedGone).toEqual([first.certificate.fingerprintSha256]);
    await apply({ kind: 'taint', rootId: 'no:such:root' });
    expect(denied()).toHaveLength(1);
  });

  it('has the key of a root that left without vouching, by the certificate that somebody brings', async () => {
    const first = bench.projection.wantedRoot!;
    const second = await published(false);
    await apply({ kind: 'activate', rootId: second });
    await bench.reconcile();
    await apply({ kind: 'drop', rootId: first.id });
    const { pem: certificatePem, keyFingerprint, fingerprintSha256 } = first.certificate;
    // Of it only a fingerprint was kept, from which no key can be told.
    await apply({ kind: 'taint', rootId: first.id });
    expect([denied(), bench.projection.state.taintedGone]).toEqual([[], []]);
    await apply({ kind: 'taint', rootId: first.id, certificatePem });
    expect(denied()).toMatchObject([{ keyFingerprint, reason: expect.stringContaining(first.id) as unknown }]);
    expect(bench.projection.state.taintedGone).toEqual([fingerprintSha256]);
    await apply({ kind: 'taint', rootId: first.id, certificatePem });
    expect(denied()).toHaveLength(1);
  });

  it('never is one that a root in use has, whoever brings another certificate of it', async () => {
    const { certificate } = bench.projection.wantedRoot!;
    const next = await published();
    // The next root's key, as the active root vouches for it: not the certificate of a root that is here.
    const { pem: certificatePem, fingerprintSha1: rootId } = bench.projection.nextRoot!.crossSigned!;
    const taint = apply({ kind: 'taint', rootId, certificatePem });
    await expect(taint).rejects.toBeInstanceOf(BanyanError);
    await expect(taint).rejects.toMatchObject({
      code: 'CA_CONFLICT',
      message: expect.stringContaining(next) as unknown,
    });
    expect([denied(), certificate.fingerprintSha1]).toEqual([[], bench.projection.wantedRoot!.id]);
  });

  it('is certified for no datacenter: its request is refused by name, before anything is signed', async () => {
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const uri = `spiffe://${bench.projection.getTrustDomain().name}`;
    const csrPem = createCsr({ keyPair, uri, ca: true });
    const asked = () => bench.root.signIntermediate(csrPem, { datacenter: 'dc2' }, never);
    const granted = parseCertificates((await asked()).certificatePem)[0]!;
    const { keyFingerprint, notAfter: endsAt } = granted;
    await commit((tx) => bench.root.denyKey(tx, { keyFingerprint, reason: 'found on a laptop', endsAt }));
    const { length } = bench.recorder.entries;
    // What was handed out before is not handed out again, either.
    await expect(asked()).rejects.toMatchObject({
      code: 'CHAIN_KEY_DENIED',
      message: expect.stringContaining('found on a laptop') as unknown,
      fields: { datacenter: 'dc2', key: keyFingerprint },
    });
    await expect(asked()).rejects.toBeInstanceOf(BanyanError);
    expect(bench.recorder.entries).toHaveLength(length);
  });

  it('is not shortened, and keeps its first reason; what has ended goes when another comes', async () => {
    const [early, late] = [epochMs(time.now + HOUR), epochMs(time.now + 2 * HOUR)];
    const deny = (keyFingerprint: string, endsAt: typeof early, reason: string) =>
      commit((tx) => bench.root.denyKey(tx, { keyFingerprint, reason, endsAt }));
    await deny(fingerprint(1), late, 'first');
    await deny(fingerprint(1), early, 'second');
    await deny(fingerprint(2), early, 'short');
    expect(denied()).toMatchObject([
      { keyFingerprint: fingerprint(1), endsAt: late, reason: 'first' },
      { keyFingerprint: fingerprint(2), endsAt: early },
    ]);
    await time.advance(HOUR + 1);
    await deny(fingerprint(3), late, 'x'.repeat(1_000));
    expect(denied().map(({ keyFingerprint }) => keyFingerprint)).toEqual([fingerprint(1), fingerprint(3)]);
    expect(denied()[1]!.reason).toHaveLength(256);
  });

  it('holds 256 at most: a further one is refused, and a compromised root leaves nevertheless', async () => {
    const endsAt = epochMs(time.now + HOUR);
    await bench.store.dataSource.query(
      `INSERT INTO denied_key SELECT 'k' || n, 'full', now(), $1, 1, 1 FROM generate_series(1, 256) n`,
      [new Date(endsAt)],
    );
    expect(bench.root.hasRoomToDeny(fingerprint(1))).toBe(true);
    // Something of the topic has to come for the table to be read again.
    await bench.projection.load();
    expect([fingerprint(1), 'k7'].map((key) => bench.root.hasRoomToDeny(key))).toEqual([false, true]);
    const full = commit((tx) => bench.root.denyKey(tx, { keyFingerprint: fingerprint(1), reason: 'more', endsAt }));
    await expect(full).rejects.toBeInstanceOf(BanyanError);
    await expect(full).rejects.toMatchObject({ code: 'DENIED_KEYS_FULL' });
    const first = bench.projection.wantedRoot!;
    const second = await published();
    await apply({ kind: 'activate', rootId: second });
    await bench.reconcile();
    await apply({ kind: 'taint', rootId: first.id });
    await apply({ kind: 'drop', rootId: first.id });
    expect(bundle().map(({ id }) => id)).toEqual([second]);
    // Of a root that has left the denial is all that is asked for, so that silence would be a lie.
    const stray = await generateKeyPair({ type: 'ec', bits: 256 });
    const csr = createCsr({ keyPair: stray, uri: `spiffe://${bench.projection.getTrustDomain().name}`, ca: true });
    const { certificatePem } = await bench.root.signIntermediate(csr, { datacenter: 'dc2' }, never);
    const { fingerprintSha1: rootId } = parseCertificates(certificatePem)[0]!;
    await expect(apply({ kind: 'taint', rootId, certificatePem })).rejects.toMatchObject({ code: 'DENIED_KEYS_FULL' });
  });

  it('comes to every datacenter, and goes there again; what does not follow its schema is refused', async () => {
    const denial = { keyFingerprint: fingerprint(7), reason: 'seen', endsAt: epochMs(time.now + HOUR) };
    await commit((tx) => bench.root.denyKey(tx, denial));
    const [item] = await replica.snapshot(bench.store.dataSource.manager);
    expect(await replica.read(bench.store.dataSource.manager, [fingerprint(7)])).toEqual([item]);
    await commit((tx) => replica.stageDelete(tx, item!.key));
    expect(denied()).toEqual([]);
    await commit((tx) => replica.stage(tx, item!));
    expect(denied()).toMatchObject([denial]);
    expect(await replica.snapshot(bench.store.dataSource.manager)).toEqual([item]);
    const changed: boolean[] = [];
    await bench.store.run(async (tx) => void changed.push(await replica.stage(tx, item!)));
    expect(changed).toEqual([false]);
    for (const bad of [
      { ...item!, key: fingerprint(8) },
      { ...item!, body: { keyFingerprint: 'no' } },
    ]) {
      await expect(commit((tx) => replica.stage(tx, bad))).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    }
  });
});
