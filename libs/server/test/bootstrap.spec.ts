import type { RootRecord } from '@banyan/ca';
import { epochMs, SECOND } from '@banyan/kernel';
import type { RootTransition } from '@banyan/pki';
import { FakeTime, TestAuthority } from '@banyan/testkit';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { CallBudget } from '../src/edges/call-budget.js';
import { publicRoots } from '../src/edges/public-roots.js';
import { RememberedBundle } from '../src/edges/remembered-bundle.js';

const TRUST_DOMAIN = '11111111-2222-3333-4444-555555555555.consul';

const taken = (budget: CallBudget, address: string, count: number, now: number): number =>
  Array.from({ length: count }, () => budget.take(address, epochMs(now))).filter(Boolean).length;

const record = ({ root }: TestAuthority, change: Partial<RootRecord>): RootRecord =>
  ({ certificate: root, state: 'inactive', ...change }) as RootRecord;

/** A store that counts transactions, and says what is in it. */
const scene = () => {
  const listeners: (() => void)[] = [];
  const world = { reads: 0, fails: false };
  const listening = { onChange: (listener: () => void) => void listeners.push(listener) };
  const transaction = async (): Promise<object[]> => {
    world.reads += 1;
    if (world.fails) throw new Error('no store');
    return [];
  };
  const core = { ca: listening, transitions: listening, store: { dataSource: { transaction } } };
  const bundle = new RememberedBundle(core as unknown as ConstructorParameters<typeof RememberedBundle>[0]);
  return { bundle, world, changed: () => listeners.forEach((listener) => listener()) };
};

describe('calls without a certificate', () => {
  it('are bounded per host, whatever its port, and come back with time', () => {
    const { now } = new FakeTime();
    const budget = new CallBudget(now);
    expect(taken(budget, '10.0.0.1:1', 150, now)).toBe(150);
    expect(taken(budget, '10.0.0.1:2', 150, now)).toBe(50);
    expect(taken(budget, '10.0.0.2:1', 10, now)).toBe(10);
    expect(taken(budget, '10.0.0.1:3', 150, now + SECOND)).toBe(100);
    // A clock that is set back gives nothing away.
    expect(taken(budget, '10.0.0.1:3', 10, now)).toBe(0);
  });

  it('are bounded in all, however many hosts ask', () => {
    const { now } = new FakeTime();
    const budget = new CallBudget(now);
    const hosts = Array.from({ length: 5_000 }, (_, n) => `10.1.${n >> 8}.${n & 255}:1`);
    expect(hosts.filter((host) => budget.take(host, now))).toHaveLength(2_000);
  });
});

describe('what a joiner is shown', () => {
  let first: TestAuthority;
  let second: TestAuthority;
  beforeAll(async () => {
    [first, second] = (await Promise.all(['a', 'b'].map((name) => TestAuthority.create(TRUST_DOMAIN, name)))) as [
      TestAuthority,
      TestAuthority,
    ];
  });

  it('are all roots, and the ways from those that have left', async () => {
    const transition: RootTransition = {
      kind: 'vouched',
      from: first.root,
      crossSigned: await first.crossSign(second),
      nextFingerprint: second.root.fingerprintSha256,
    };
    const shown = publicRoots([record(first, {}), record(second, { state: 'active' })], [transition]);
    expect(shown.rootPems).toEqual([first.root.pem, second.root.pem]);
    expect(shown.transitions).toEqual([
      {
        kind: 'vouched',
        fromFingerprint: first.root.fingerprintSha256,
        fromPem: first.root.pem,
        crossSignedPem: transition.crossSigned.pem,
        nextFingerprint: second.root.fingerprintSha256,
      },
    ]);
  });

  it('is a compromised root only for as long as it signs; then only that it was compromised', () => {
    const taintedAt = epochMs(1);
    const still = publicRoots([record(first, { state: 'active', taintedAt }), record(second, { state: 'next' })], []);
    expect([still.rootPems.length, still.transitions]).toEqual([2, []]);
    const after = publicRoots([record(first, { taintedAt }), record(second, { state: 'active' })], []);
    expect(after.rootPems).toEqual([second.root.pem]);
    expect(after.transitions).toMatchObject([
      { kind: 'tainted', fromFingerprint: first.root.fingerprintSha256, fromPem: '' },
    ]);
  });
});

describe('the bundle that is handed over', () => {
  it('is read once for a thousand callers, and again after a change', async () => {
    const { bundle, world, changed } = scene();
    await Promise.all(Array.from({ length: 1_000 }, () => bundle.json()));
    await bundle.json();
    expect(world.reads).toBe(1);
    changed();
    await bundle.json();
    expect(world.reads).toBe(2);
  });

  it('is read again after a failure', async () => {
    const { bundle, world } = scene();
    world.fails = true;
    await expect(bundle.json()).rejects.toThrow('no store');
    world.fails = false;
    expect(await bundle.json()).toBe('[]');
  });
});
