import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { epochMs, SystemRandom } from '@banyan/kernel';
import { FakeTime, withTestStore } from '@banyan/testkit';
import { CA_ENTITIES, type SigningOrder, SigningOrders, toWireRoots } from '../src/index.js';
import { type CaBench, openCaBench } from './ca-bench.js';

const stores = withTestStore(CA_ENTITIES);
const never = new AbortController().signal;
const random = new SystemRandom();

/** What is asked of the key, as the test says. */
class ToldOrders extends SigningOrders {
  order: SigningOrder | undefined;
  override current(): SigningOrder | undefined {
    return this.order;
  }
}

describe("a rotation of the datacenter's own key, on PostgreSQL", () => {
  let time: FakeTime;
  let orders: ToldOrders;
  let bench: CaBench;
  beforeEach(async () => {
    time = new FakeTime();
    orders = new ToldOrders();
    bench = await openCaBench(await stores.open(), time.clock, orders);
  });
  afterEach(() => bench.stop());

  const active = () => bench.projection.getActive();
  const keyOf = (): string => active().certificate.subjectKeyId!;
  const leaving = (): readonly string[] => bench.projection.state.leavingKeyIds;
  const rotated = async (): Promise<string> => {
    const rotationId = random.uuid();
    orders.order = { rotationId, activate: true };
    await bench.reconcile();
    return rotationId;
  };

  it('makes the next key ready first, and signs with it when it is to be active: the same certificate', async () => {
    const former = keyOf();
    const rotationId = random.uuid();
    orders.order = { rotationId, activate: false };
    await bench.reconcile();
    const { staged } = bench.projection.state;
    expect([staged?.rotationId, keyOf(), leaving()]).toEqual([rotationId, former, []]);
    const asked = bench.issuer.asked;
    await bench.reconcile();
    orders.order = { rotationId, activate: true };
    await bench.reconcile();
    await bench.reconcile();
    expect(bench.issuer.asked).toBe(asked);
    expect(active()).toMatchObject({ rotationId, rootId: bench.projection.wantedRoot!.id });
    expect(active().certificate.fingerprintSha256).toBe(staged!.certificate.fingerprintSha256);
    expect(bench.projection.state.staged).toBeUndefined();
    expect(leaving()).toEqual([former]);
    const view = { ...bench.projection.state, trustDomain: bench.projection.getTrustDomain(), active: active() };
    expect(toWireRoots(view).LeavingKeys).toEqual([former]);
  });

  it('goes on after a crash that lost the staged key: another one is made, and the former one leaves all the same', async () => {
    const former = keyOf();
    const rotationId = await rotated();
    expect(active().rotationId).toBe(rotationId);
    expect([keyOf() === former, leaving()]).toEqual([false, [former]]);
  });

  it('is undone while the key is only staged', async () => {
    const former = keyOf();
    orders.order = { rotationId: random.uuid(), activate: false };
    await bench.reconcile();
    expect(bench.projection.state.staged).toBeDefined();
    orders.order = undefined;
    await bench.reconcile();
    expect([bench.projection.state.staged, keyOf(), leaving()]).toEqual([undefined, former, []]);
  });

  it('a renewal after it replaces no leaf; a second rotation replaces those of both', async () => {
    const zero = keyOf();
    await rotated();
    const one = keyOf();
    const { notBefore, notAfter } = active().certificate;
    time.jump(epochMs(notBefore + 0.56 * (notAfter - notBefore)) - time.now);
    await bench.reconcile();
    const renewed = keyOf();
    expect(renewed).not.toBe(one);
    // The very first one has no leaf alive, and is forgotten; what the rotation made does not leave by a renewal.
    expect(leaving().filter((keyId) => keyId !== zero)).toEqual([]);
    await rotated();
    expect(leaving()[0]).toBe(renewed);
  });

  it('a change of root in between keeps what leaves, and asks for no further key', async () => {
    const former = keyOf();
    const rotationId = await rotated();
    const next = await bench.root.make(
      { rotationId: random.uuid(), provider: 'consul', options: {}, crossSign: true, compromised: false },
      never,
    );
    await bench.reached((await bench.store.run((tx) => next.publish(tx))).index);
    await bench.reconcile();
    await bench.reached(
      (await bench.store.run((tx) => bench.root.apply(tx, { kind: 'activate', rootId: next.rootId }))).index,
    );
    await bench.reconcile();
    const asked = bench.issuer.asked;
    await bench.reconcile();
    expect(bench.issuer.asked).toBe(asked);
    expect(active()).toMatchObject({ rootId: next.rootId, rotationId });
    expect(leaving()).toEqual([former]);
  });

  it('a key that is denied is replaced without an order: who was away at the deadline finds its way back', async () => {
    const { keyFingerprint, notAfter, subjectKeyId } = active().certificate;
    const denial = { keyFingerprint, endsAt: notAfter, reason: 'stolen' };
    await bench.reached((await bench.store.run((tx) => bench.root.denyKey(tx, denial))).index);
    await bench.reconcile();
    expect(active().certificate.keyFingerprint).not.toBe(keyFingerprint);
    expect(leaving()).toEqual([subjectKeyId]);
  });
});
