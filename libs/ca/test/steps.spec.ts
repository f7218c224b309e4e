import { BanyanError, HOUR, SystemRandom } from '@banyan/kernel';
import { createCsr, generateKeyPair, parseCertificates, verifyChain } from '@banyan/pki';
import type { Transaction } from '@banyan/store';
import { FakeTime, someRequester, withTestStore } from '@banyan/testkit';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CA_ENTITIES, type MadeRoot, type RootEffect, type RootRecord } from '../src/index.js';
import { type CaBench, openCaBench } from './ca-bench.js';

const stores = withTestStore(CA_ENTITIES);
const never = new AbortController().signal;

describe('the steps of a rotation, on PostgreSQL', () => {
  let time: FakeTime;
  let bench: CaBench;
  let first: RootRecord;
  beforeEach(async () => {
    time = new FakeTime();
    bench = await openCaBench(await stores.open(), time.clock);
    first = bench.projection.wantedRoot!;
  });
  afterEach(() => bench.stop());

  const commit = async (work: (tx: Transaction) => Promise<void>): Promise<void> =>
    bench.reached((await bench.store.run(work)).index);
  const apply = (effect: RootEffect): Promise<void> => commit((tx) => bench.root.apply(tx, effect));
  const made = (options: Record<string, unknown> = {}, compromised = false): Promise<MadeRoot> =>
    bench.root.make(
      { rotationId: new SystemRandom().uuid(), provider: 'consul', options, crossSign: !compromised, compromised },
      never,
    );
  const published = async (options: Record<string, unknown> = {}): Promise<MadeRoot> => {
    const next = await made(options);
    await commit((tx) => next.publish(tx));
    return next;
  };
  const states = (): string[] => bench.projection.state.roots.map((root) => root.state);
  const chainOfNewLeaf = async () => {
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const uri = `spiffe://${bench.projection.getTrustDomain().name}/ns/default/dc/dc1/svc/web`;
    const order = bench.leaves.prepare(createCsr({ keyPair, uri }));
    return parseCertificates((await bench.leaves.issueOwn(order, someRequester)).chainPem);
  };
  const accepts = (anchor: RootRecord, presented: ReturnType<typeof parseCertificates>): boolean =>
    verifyChain({ presented, anchors: [anchor.certificate], now: time.now, usage: 'tls-server' }).ok;

  it('publishes a root that everybody trusts and nobody signs under, and stages an intermediate under it', async () => {
    const next = await published({ PrivateKeyBits: 384 });
    expect(states()).toEqual(['active', 'next']);
    const inUse = bench.projection.getActive();
    await bench.reconcile();
    expect(bench.projection.getActive()).toMatchObject({ id: inUse.id, rootId: first.id });
    const { staged } = bench.projection.state;
    expect(staged?.rootId).toBe(next.rootId);
    expect(staged?.certificate.keySpec).toEqual({ type: 'ec', bits: 384 });
    expect(await chainOfNewLeaf()).toHaveLength(2);
  });

  it('activates the staged intermediate without asking anybody, in the key it was made with', async () => {
    const next = await published();
    await bench.reconcile();
    const staged = bench.projection.state.staged!.certificate;
    await apply({ kind: 'activate', rootId: next.rootId });
    const asked = bench.issuer.asked;
    await bench.reconcile();
    expect(bench.issuer.asked).toBe(asked);
    expect(bench.projection.getActive().certificate.fingerprintSha256).toBe(staged.fingerprintSha256);
    expect(bench.projection.state.staged).toBeUndefined();
    const chain = await chainOfNewLeaf();
    expect(bench.projection.state.roots.map((root) => accepts(root, chain))).toEqual([true, true]);
  });

  it('rolls back to a root that is still trusted, with its configuration, and then drops the other', async () => {
    const before = bench.projection.getConfiguration().parsed.options;
    const next = await published({ PrivateKeyBits: 384 });
    await apply({ kind: 'activate', rootId: next.rootId });
    await bench.reconcile();
    expect(bench.projection.getConfiguration().parsed.options).toEqual({ PrivateKeyBits: 384 });
    const under2 = await chainOfNewLeaf();
    await apply({ kind: 'reactivate', rootId: first.id, insteadOf: next.rootId });
    await bench.reconcile();
    expect(states()).toEqual(['active', 'inactive']);
    expect(bench.projection.getConfiguration().parsed.options).toEqual(before);
    const under1 = await chainOfNewLeaf();
    expect([accepts(first, under1), accepts(first, under2)]).toEqual([true, true]);
    await apply({ kind: 'drop', rootId: next.rootId });
    expect(bench.projection.state.roots.map((root) => root.id)).toEqual([first.id]);
  });

  it('leads past a root that was rolled back: the next one is vouched for by the root that signs', async () => {
    const undone = await published();
    await apply({ kind: 'activate', rootId: undone.rootId });
    await apply({ kind: 'reactivate', rootId: first.id, insteadOf: undone.rootId });
    await bench.reconcile();
    const next = await published();
    await apply({ kind: 'activate', rootId: next.rootId });
    await bench.reconcile();
    expect(bench.projection.state.roots.map((root) => root.generation)).toEqual([1, 2, 3]);
    const chain = await chainOfNewLeaf();
    expect(chain).toHaveLength(3);
    expect([first, bench.projection.wantedRoot!].map((root) => accepts(root, chain))).toEqual([true, true]);
  });

  it('forgets a staged intermediate whose root was withdrawn', async () => {
    const next = await published();
    await bench.reconcile();
    await apply({ kind: 'drop', rootId: next.rootId });
    await bench.reconcile();
    expect(bench.projection.state.staged).toBeUndefined();
    expect(bench.projection.getActive().rootId).toBe(first.id);
  });

  it('makes each step once: a second time changes no root, and a step out of order is refused', async () => {
    const next = await published();
    const other = await made();
    await expect(commit((tx) => other.publish(tx))).rejects.toMatchObject({ code: 'CA_CONFLICT' });
    await apply({ kind: 'activate', rootId: next.rootId });
    const { modifyIndex } = bench.projection.wantedRoot!;
    await apply({ kind: 'activate', rootId: next.rootId });
    expect(bench.projection.wantedRoot!.modifyIndex).toBe(modifyIndex);
    await expect(apply({ kind: 'drop', rootId: next.rootId })).rejects.toBeInstanceOf(BanyanError);
    await expect(apply({ kind: 'reactivate', rootId: first.id, insteadOf: first.id })).rejects.toMatchObject({
      code: 'CA_CONFLICT',
    });
  });

  it('never vouches with a compromised key, and marks it when the next root is published', async () => {
    const next = await made({}, true);
    expect(next.crossSigned).toBe(false);
    expect(bench.projection.wantedRoot!.taintedAt).toBeUndefined();
    await commit((tx) => next.publish(tx));
    expect(bench.projection.wantedRoot!.taintedAt).toBe(time.now);
    await apply({ kind: 'activate', rootId: next.rootId });
    await bench.reconcile();
    const chain = await chainOfNewLeaf();
    expect(chain).toHaveLength(2);
    expect(accepts(first, chain)).toBe(false);
  });

  it('marks a root that turns out to be compromised while it leaves, once, and names it when it has left', async () => {
    const next = await published();
    await apply({ kind: 'activate', rootId: next.rootId });
    await bench.reconcile();
    const markOf = () => bench.projection.state.roots.find((root) => root.id === first.id)?.taintedAt;
    const markedAt = time.now;
    expect(markOf()).toBeUndefined();
    await apply({ kind: 'taint', rootId: first.id });
    await time.advance(1_000);
    await apply({ kind: 'taint', rootId: first.id });
    expect([markOf(), states()]).toEqual([markedAt, ['inactive', 'active']]);
    expect(bench.projection.state.taintedGone).toEqual([]);
    await apply({ kind: 'drop', rootId: first.id });
    expect([states(), bench.projection.state.taintedGone]).toEqual([['active'], [first.certificate.fingerprintSha256]]);
    await expect(apply({ kind: 'taint', rootId: next.rootId })).rejects.toMatchObject({ code: 'CA_CONFLICT' });
  });

  it('names a compromised next root that leaves at once, of which nobody saw a mark', async () => {
    const next = await published();
    const { fingerprintSha256 } = bench.projection.nextRoot!.certificate;
    await commit(async (tx) => {
      for (const kind of ['taint', 'drop'] as const) await bench.root.apply(tx, { kind, rootId: next.rootId });
    });
    expect([states(), bench.projection.state.taintedGone]).toEqual([['active'], [fingerprintSha256]]);
  });

  it('takes those who vouched for a compromised root out with it: its key would be believed through them', async () => {
    const second = await published();
    await apply({ kind: 'activate', rootId: second.rootId });
    await bench.reconcile();
    const stolen = await chainOfNewLeaf();
    expect(accepts(first, stolen)).toBe(true);
    const third = await made({}, true);
    await commit((tx) => third.publish(tx));
    await apply({ kind: 'activate', rootId: third.rootId });
    await bench.reconcile();
    await apply({ kind: 'drop', rootId: second.rootId });
    const left = bench.projection.state.roots;
    expect(left.map((root) => root.id)).toEqual([third.rootId]);
    expect(left.some((root) => accepts(root, stolen))).toBe(false);
  });

  it('keeps lifetimes that are changed while a next root waits', async () => {
    const next = await published({ PrivateKeyBits: 384 });
    await bench.root.storeConfiguration({
      provider: 'consul',
      options: { LeafCertTTL: '24h' },
      forceWithoutCrossSigning: false,
    });
    await bench.reached(Number(await bench.store.currentIndex()));
    await apply({ kind: 'activate', rootId: next.rootId });
    const { parsed } = bench.projection.getConfiguration();
    expect(parsed.leafTtlMs).toBe(24 * HOUR);
    expect(parsed.keySpec.bits).toBe(384);
  });

  it('refuses to sign under a root that is neither active nor next', async () => {
    const next = await published();
    await apply({ kind: 'activate', rootId: next.rootId });
    const keyPair = await generateKeyPair({ type: 'ec', bits: 256 });
    const csrPem = createCsr({ keyPair, uri: `spiffe://${bench.projection.getTrustDomain().name}`, ca: true });
    await expect(
      bench.root.signIntermediate(csrPem, { datacenter: 'dc2', rootId: first.id }, never),
    ).rejects.toMatchObject({ code: 'CA_CONFLICT' });
  });
});
